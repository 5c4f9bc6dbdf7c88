"""Texts: tokens and back, the loss, and a code that is used."""

import dataclasses
import gzip
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.feature_extraction.text import TfidfVectorizer

from kerasae import Recipe, load_data, registry, train
from kerasae.baselines import NearestText, TextSVD, fit_baselines
from kerasae.corruptions import MaskingNoise
from kerasae.data import Split
from kerasae.data._array_data import make_data
from kerasae.data._drawing import SPLITS
from kerasae.layers import TokenEmbedding
from kerasae.losses import Tokens
from kerasae.metrics import evaluate
from kerasae.networks.text import text
from kerasae.preprocessing import TextPreprocessing
from kerasae.spec import Spec

WORDS = ["red", "green", "blue", "cat", "dog", "bird", "runs", "sleeps", "eats", "fast", "slow", "now"]


def sentences(count=240, seed=0):
    rng = np.random.default_rng(seed)
    return np.array([" ".join(rng.choice(WORDS, rng.integers(1, 6))) for _ in range(count)], dtype=object)


def text_data(texts=None, **arguments):
    data = make_data("texts", Spec("text", (0,), "string"), sentences() if texts is None else texts)
    return data.with_preprocessor(TextPreprocessing(data.spec, **arguments))


def text_model(family="undercomplete", data=None, latent_dim=16, network=None, **sections):
    data = text_data() if data is None else data
    network = {"embedding_dim": 16, "hidden": 32, **(network or {})}
    return Recipe.of(family, latent_dim=latent_dim, network=network, **sections).build(data), data


# Reading ---------------------------------------------------------------------------------------------


def test_one_text_a_line(tmp_path):
    (tmp_path / "t.txt").write_text("\ufeffone two\r\n\nthree\nfour five\nsix\nseven\n", encoding="utf-8")
    data = load_data(tmp_path / "t.txt")
    found = [text for split in map(data.split, SPLITS) for text in split.examples]
    assert sorted(found) == ["four five", "one two", "seven", "six", "three"]


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    lines = [f"caf\u00e9 {i}".encode() for i in range(6)]
    lines[2] = "caf\u00e9".encode("latin-1")
    (tmp_path / "t.txt").write_bytes(b"\n".join(lines))
    with pytest.raises(ValueError, match=r"t\.txt, line 3: not UTF-8 at byte 4"):
        load_data(tmp_path / "t.txt")
    data = load_data(tmp_path / "t.txt", on_error="skip")
    assert len(data.skipped) == 1
    assert sum(len(data.split(name)) for name in SPLITS) == 5


def test_a_column_of_a_csv(tmp_path):
    (tmp_path / "t.csv").write_text("label,text\n" + "".join(f'{i % 2},"say, {i}"\n' for i in range(10)))
    data = load_data(f"text:{tmp_path / 't.csv'}", column="text", labels="label")
    assert {text.split(", ")[0] for text in data.train.examples} == {"say"}
    assert set(data.train.labels) == {0, 1}
    with pytest.raises(ValueError, match="--text COLUMN; there is: label, text"):
        load_data(f"text:{tmp_path / 't.csv'}")
    with pytest.raises(ValueError, match="did you mean 'text'"):
        load_data(f"text:{tmp_path / 't.csv'}", column="txt")


def test_labels_stay_with_their_texts_where_empty_ones_are_left_out(tmp_path):
    lines = [f"{i},{f'say {i}' if i % 3 else ''}\n" for i in range(24)]
    (tmp_path / "t.csv").write_text("label,text\n" + "".join(lines))
    data = load_data(f"text:{tmp_path / 't.csv'}", column="text", labels="label")
    for split in map(data.split, SPLITS):
        assert [f"say {label}" for label in split.labels] == split.examples.tolist()


# Tokens ----------------------------------------------------------------------------------------------


def test_ids_end_and_padding():
    layer = TextPreprocessing(Spec("text", (0,), "string")).fit(["b a, a!", "a c", "A"])
    assert layer.spec.vocabulary[:4] == ("", "[UNK]", "[end of text]", "a")
    assert layer.spec.shape == (4,)
    x = layer.to_x(["a c", "zebra b", "", "a a a a a a"])
    assert x.dtype == np.int32
    index = layer.spec.vocabulary.index
    assert x.tolist() == [
        [3, index("c"), 2, 0],
        [1, index("b"), 2, 0],
        [2, 0, 0, 0],
        [3, 3, 3, 2],
    ]
    assert layer.restore(x).tolist() == ["a c", "[UNK] b", "", "a a a"]


def test_nothing_that_follows_the_end_is_read():
    layer = TextPreprocessing(Spec("text", (0,), "string")).fit(["a b c d"])
    assert layer.restore(np.array([[3, 2, 4, 5, 0]])).tolist() == [layer.spec.vocabulary[3]]


def test_characters_come_back_exactly():
    texts = ["Hello, World", "ab", "B a"]
    layer = TextPreprocessing(Spec("text", (0,), "string"), tokens="characters", standardize=None).fit(texts)
    assert layer.restore(layer.to_x(texts)).tolist() == texts


def test_words_that_are_standardised_come_back_standardised():
    data = text_data(np.array(["The cat, sat!", "a DOG", "The end.", "x y", "z"], dtype=object))
    again = data.preprocessor.restore(data.to_x(data.train.examples))
    expected = ["".join(c for c in text.lower() if c not in ",.!") for text in data.train.examples]
    assert again.tolist() == expected


def test_the_vocabulary_is_the_training_split_s():
    data = text_data()
    again = TextPreprocessing(Spec("text", (0,), "string")).fit(data.train.examples)
    assert data.spec.vocabulary == again.spec.vocabulary
    small = TextPreprocessing(Spec("text", (0,), "string"), max_tokens=6, max_length=3).fit(
        data.train.examples
    )
    assert len(small.spec.vocabulary) == 6
    assert small.spec.shape == (3,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tokens": "lines"}, "'words' or 'characters'"),
        ({"max_length": 1}, "at least 2"),
        ({"resampled": 2}, r"in \[0, 1\]"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        TextPreprocessing(Spec("text", (0,), "string"), **arguments)


def test_a_missing_text_is_an_empty_one():
    layer = text_data().preprocessor
    np.testing.assert_array_equal(layer.to_x([None, float("nan"), "cat"]), layer.to_x(["", "", "cat"]))


def test_missing_texts_of_pandas_are_empty_ones():
    layer = text_data().preprocessor
    found = layer.to_x(pd.Series(["cat", None], dtype="string"))
    np.testing.assert_array_equal(found, layer.to_x(["cat", ""]))
    with pytest.raises(TypeError, match="take its column of texts"):
        layer.to_x(pd.DataFrame({"t": ["cat"]}))


def test_a_word_that_looks_like_the_end_is_a_word():
    texts = ["a [END] b", "b a", "[END]"]
    layer = TextPreprocessing(Spec("text", (0,), "string"), standardize=None).fit(texts)
    assert layer.restore(layer.to_x(texts)).tolist() == texts


def test_an_svd_of_few_characters_answers():
    data = make_data("t", Spec("text", (0,), "string"), np.array(["abba", "ab", "ba ab", "b"] * 4, object))
    data = data.with_preprocessor(TextPreprocessing(data.spec, tokens="characters"))
    assert evaluate(TextSVD(2).fit(data), data)["words_recalled"] > 0


def test_the_preprocessing_comes_back_from_its_config():
    texts = ["Hello, World", "ab", "B a"]
    layer = TextPreprocessing(
        Spec("text", (0,), "string"),
        tokens="characters",
        standardize=None,
        max_tokens=9,
        max_length=7,
        resampled=0.2,
    ).fit(texts)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(again.to_x(texts), layer.to_x(texts))


def test_one_text_alone_is_refused():
    with pytest.raises(TypeError, match="put it into a list"):
        text_data().preprocessor.to_x("cat")


def test_texts_made_anew_keep_their_length_and_the_others_are_left():
    data = text_data()
    x = data.x("train")[:128]
    for share, seed in ((0.0, 1), (0.5, 2), (1.0, 3)):
        data.preprocessor.resampled = share
        made = data.preprocessor.augment(tf.constant(x), tf.constant([seed, 0])).numpy()
        np.testing.assert_array_equal((made == 0) | (made == 2), (x == 0) | (x == 2))
        changed = (made != x).any(axis=1).mean()
        assert abs(changed - share * 0.97) < 0.15
        words = made[(x > 2) & (made != x)]
        assert set(words) <= set(x[x > 2]) | {1}
        assert (made[x > 2] == 1).mean() == pytest.approx(0.1 * share, abs=0.05)
        assert share == 0 or 1 in words


def test_texts_without_words_are_left_as_they_are():
    preprocessing = TextPreprocessing(Spec("text", (3,), "string"), resampled=1.0)
    x = tf.constant([[2, 0, 0], [1, 2, 0]])
    np.testing.assert_array_equal(preprocessing.augment(x, tf.constant([1, 2])), x)


def test_the_ends_of_what_can_be_asked():
    spec = Spec("text", (1,), "string")
    found = TextPreprocessing(spec, max_tokens=4, max_length=2, resampled=0.0)
    found = found.fit(["one two two", "two"])
    assert found.spec.vocabulary == ("", "[UNK]", "[end of text]", "two")
    np.testing.assert_array_equal(found.to_x(["one two", "two", ""]), [[1, 2], [3, 2], [2, 0]])
    assert TextPreprocessing(spec, resampled=1.0).resampled == 1


# The loss --------------------------------------------------------------------------------------------


def test_the_loss_is_the_cross_entropy_of_what_is_no_padding():
    rng = np.random.default_rng(0)
    x = np.array([[3, 4, 2, 0], [2, 0, 0, 0]], "int32")
    params = rng.normal(size=(2, 4, 6)).astype("float32")
    log_p = params - np.log(np.exp(params).sum(-1, keepdims=True))
    expected = [-(log_p[0, 0, 3] + log_p[0, 1, 4] + log_p[0, 2, 2]), -log_p[1, 0, 2]]
    loss = Tokens()
    np.testing.assert_allclose(loss.per_example(tf.constant(x), tf.constant(params)), expected, rtol=1e-5)
    assert (loss.per_feature(tf.constant(x), tf.constant(params)).numpy()[x == 0] == 0).all()
    np.testing.assert_array_equal(loss.mean(tf.constant(params)), params.argmax(-1))
    assert loss.decoder_shape((4,)) == (4, None)
    # The score is the mean over the tokens; of a text without any it is 0.
    scores = loss.error(tf.constant(np.vstack([x, np.zeros((1, 4), "int32")])), params[[0, 1, 1]])
    np.testing.assert_allclose(scores, [expected[0] / 3, expected[1], 0], rtol=1e-5)
    residual = np.array(loss.residual(tf.constant(x), tf.constant(params)))
    np.testing.assert_allclose((residual**2).sum(axis=1) / 2, expected, rtol=1e-5)
    assert (residual[x == 0] == 0).all() and (residual[x != 0] > 0).all()


# Models ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mixing", ["conv", pytest.param("transformer", marks=pytest.mark.slow)])
@pytest.mark.parametrize("family", registry.names("model"))
def test_every_family_trains_reloads_and_gives_texts_back(family, mixing, tmp_path):
    import kerasae

    model, data = text_model(family, network={"mixing": mixing})
    history = train(model, data, epochs=4, batch_size=32, learning_rate=0.01)
    assert history.epochs[-1]["reconstruction"] < history.epochs[0]["reconstruction"]
    codes = model.transform(data.test.examples)
    texts = model.inverse_transform(codes)
    assert texts.shape == data.test.examples.shape
    assert all(isinstance(text, str) for text in texts)
    model.save(tmp_path / "m.keras")
    again = kerasae.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.transform(data.test.examples), codes)
    assert (again.inverse_transform(codes) == texts).all()


@pytest.mark.parametrize("mixing", ["conv", "transformer"])
def test_the_code_is_used_and_padding_is_not(mixing):
    model, data = text_model(network={"mixing": mixing}, train={})
    train(model, data, epochs=60, batch_size=32, learning_rate=0.01)
    x = data.x("test")
    codes = model.transform(data.test.examples)
    there = x > 0
    own = (np.array(model.decode(codes)) == x)[there].mean()
    other = (np.array(model.decode(np.roll(codes, 1, axis=0))) == x)[there].mean()
    assert own > 0.6
    assert other < own - 0.3


def test_the_decoder_sees_the_code_alone():
    model, _ = text_model()
    assert [tuple(tensor.shape) for tensor in model.decoder.inputs] == [(None, 16)]


@pytest.mark.parametrize("mixing", ["conv", "transformer"])
def test_what_stands_in_the_place_of_padding_changes_nothing(mixing):
    """Vectors of padding are 0 behind each block, and nobody attends to them."""
    model, data = text_model(network={"mixing": mixing, "blocks": 2})
    embedding = next(layer for layer in model.encoder.layers if getattr(layer, "is_embedding", False))
    before = model.transform(data.test.examples)
    table = np.array(embedding.table)
    table[0] = 99.0
    embedding.table.assign(table)
    np.testing.assert_array_equal(model.transform(data.test.examples), before)


@pytest.mark.parametrize("mixing", ["conv", "transformer"])
def test_padding_is_0_behind_the_blocks(mixing):
    model, data = text_model(network={"mixing": mixing, "blocks": 2})
    flatten = next(layer for layer in model.encoder.layers if isinstance(layer, keras.layers.Flatten))
    x = data.x("test")
    vectors = np.array(keras.Model(model.encoder.inputs, flatten.input)(x))
    assert not vectors[x == 0].any()
    assert vectors[x != 0].any(axis=-1).all()


def test_attention_does_not_see_how_much_padding_there_is():
    short, long = (
        text(
            Spec("text", (length,), "string", vocabulary=("", "[UNK]", "[END]", *WORDS)),
            mixing="transformer",
            embedding_dim=8,
            hidden=0,
        ).encoder
        for length in (4, 9)
    )
    for weight, longer in zip(short.weights, long.weights, strict=True):
        weight.assign(longer[: weight.shape[0]])
    x = np.array([[3, 2, 0, 0], [5, 4, 1, 2]])
    padded = np.pad(x, [(0, 0), (0, 5)])
    found, expected = (np.reshape(one, (2, -1, 8)) for one in (long(padded), short(x)))
    np.testing.assert_allclose(found[:, :4], expected, atol=1e-6)


def test_an_embedding_is_the_row_of_the_token_and_that_of_its_place():
    layer = TokenEmbedding(7, 3)
    ids = np.array([[3, 4, 0], [4, 3, 6]])
    vectors = layer(ids)
    table, positions = layer.get_weights()
    np.testing.assert_allclose(vectors, (table[ids] + positions) * (ids > 0)[..., None], rtol=1e-6)


PLAIN = """
import sys, numpy as np, keras, tensorflow as tf
encoder, decoder = (keras.saving.load_model(path) for path in sys.argv[1:3])
codes = encoder(tf.constant(sys.argv[4:]))
np.save(sys.argv[3], codes)
assert "kerasae" not in sys.modules
print([b" ".join(word for word in row if word).decode() for row in decoder(codes).numpy()])
"""


@pytest.mark.parametrize("mixing", ["conv", "transformer"])
def test_plain_parts_load_without_kerasae(tmp_path, run_python, mixing):
    model, data = text_model(network={"mixing": mixing})
    model.plain_encoder().save(tmp_path / "e.keras")
    model.plain_decoder().save(tmp_path / "d.keras")
    texts = list(data.test.examples[:5])
    out = run_python(PLAIN, *(tmp_path / name for name in ("e.keras", "d.keras", "codes.npy")), *texts)
    codes = model.transform(texts)
    np.testing.assert_allclose(np.load(tmp_path / "codes.npy"), codes, atol=1e-5)
    assert eval(out) == list(model.inverse_transform(codes))


def test_the_contraction_acts_behind_the_embedding():
    model, data = text_model("contractive", latent_dim=4, model={"weight": 1.0})
    x = tf.constant(data.x("test")[:8])
    embedded = model._embedding.embed(x)
    with tf.GradientTape() as tape:
        tape.watch(embedded)
        codes = model._embedding.encode_from(embedded)
    jacobian = tape.batch_jacobian(codes, embedded)
    exact = float(tf.reduce_mean(tf.reduce_sum(tf.square(jacobian), axis=[1, 2, 3])))
    np.testing.assert_allclose(codes, model.encode(x), atol=1e-6)
    logs = model.test_on_batch(np.array(x), return_dict=True)
    assert logs["contraction"] == pytest.approx(exact, rel=1e-4)
    assert exact > 0


def test_masked_words_are_unknown_and_ends_stay():
    model, data = text_model("denoising", model={"level": 0.5})
    assert isinstance(model.corruption, MaskingNoise)
    x = data.x("test")
    noisy = model.corrupt(tf.constant(x), True, None, True).numpy()
    np.testing.assert_array_equal((noisy == 0) | (noisy == 2), (x == 0) | (x == 2))
    changed = (noisy != x)[x > 2]
    assert 0.4 < changed.mean() < 0.6
    assert (noisy[noisy != x] == 1).all()


@pytest.mark.parametrize("corruption", ["masking", "swap"])
def test_noise_moves_no_end(corruption):
    model, data = text_model("denoising", model={"corruption": corruption, "level": 0.5})
    x = data.x("test")
    noisy = model.corrupt(tf.constant(x), True, None, True).numpy()
    np.testing.assert_array_equal(np.where(noisy > 2, 1, noisy), np.where(x > 2, 1, x))
    assert (noisy != x).any()


def test_noise_for_numbers_is_refused():
    with pytest.raises(ValueError, match="needs numbers, received token ids"):
        text_model("denoising", model={"corruption": "gaussian"})


def test_logits_are_tied_to_the_table_after_loading_too(tmp_path):
    import kerasae

    model, _ = text_model()
    model.save(tmp_path / "m.keras")
    again = kerasae.load_model(tmp_path / "m.keras")
    embedding = next(layer for layer in again.encoder.layers if getattr(layer, "is_embedding", False))
    before = np.array(again.decoder(np.ones((1, 16), "float32")))
    embedding.table.assign(np.array(embedding.table) * 2)
    bias = np.array(again.decoder.layers[-1].bias)
    after = np.array(again.decoder(np.ones((1, 16), "float32")))
    np.testing.assert_allclose(after - bias, 2 * (before - bias), rtol=1e-4, atol=1e-6)


# Figures and baselines -------------------------------------------------------------------------------


class Fixed:
    """A codec that answers with given ids."""

    latent_dim = 1

    def __init__(self, ids):
        self.ids = ids

    def transform(self, raw):
        return np.arange(len(raw), dtype="float32")[:, None]

    def decode(self, codes):
        return self.ids[codes[:, 0].astype(int)]


def test_shares_by_hand():
    known = np.array(["a b", "b a c", "c", "a", "b c", "b b"], dtype=object)
    held_out = Split(np.array(["a zzz b", "c"], dtype=object))
    data = make_data("texts", Spec("text", (0,), "string"), known, test_examples=held_out)
    data = data.with_preprocessor(TextPreprocessing(data.spec))
    x = data.x("test").copy()
    found = evaluate(Fixed(x), data)
    # Of a, zzz, b, the end, and c, the end, all but zzz.
    assert found["tokens_rebuilt"] == pytest.approx(5 / 6)
    assert found["texts_rebuilt"] == 0.5
    assert found["tokens_rebuilt_by_length"] == {"1": 1.0, "3": 0.75}
    nothing = evaluate(Fixed(np.zeros_like(x)), data)
    assert (nothing["tokens_rebuilt"], nothing["words_recalled"], nothing["texts_rebuilt"]) == (0, 0, 0)


def test_words_count_as_often_as_they_are_said_and_not_behind_the_end():
    known = np.array(["a b", "b a c", "c", "a", "b c", "b b"], dtype=object)
    data = make_data(
        "texts", Spec("text", (0,), "string"), known, test_examples=Split(np.array(["b b"], dtype=object))
    )
    data = data.with_preprocessor(TextPreprocessing(data.spec))
    b = data.spec.vocabulary.index("b")
    for answer, share in (([b, b, 2], 1), ([b, 2, b], 0.5), ([2, b, b], 0)):
        ids = np.zeros_like(data.x("test"))
        ids[0, :3] = answer
        assert evaluate(Fixed(ids), data)["words_recalled"] == share


def test_tfidf_is_that_of_sklearn():
    data = text_data()
    texts = np.concatenate([data.train.examples, data.validation.examples])
    words = list(data.spec.vocabulary[3:])
    exact = TfidfVectorizer(sublinear_tf=True, vocabulary=words).fit(texts).transform(data.test.examples)
    found = NearestText().fit(data)._tfidf(data.test.examples).toarray()
    np.testing.assert_allclose(found[:, 3:], exact.toarray(), rtol=1e-6)
    assert not found[:, :3].any()


def test_of_words_without_order_as_many_count_as_the_text_has():
    known = np.array(["a b", "b a c", "c", "a", "b c", "b b"], dtype=object)
    data = make_data(
        "texts", Spec("text", (0,), "string"), known, test_examples=Split(np.array(["a b"], dtype=object))
    )
    data = data.with_preprocessor(TextPreprocessing(data.spec))
    a, b, c = map(data.spec.vocabulary.index, "abc")
    for answer, share in (([b, a, c], 1), ([c, a, b], 0.5)):
        codec = Fixed(np.pad([answer], [(0, 0), (0, data.spec.shape[0] - 3)]))
        codec.ordered = False
        assert evaluate(codec, data)["words_recalled"] == share


def test_a_truncated_svd_answers_with_words_from_the_heaviest_on():
    data = text_data()
    svd = TextSVD(3).fit(data)
    codes = svd.transform(data.test.examples)
    words = svd.decode(codes)
    weights = np.take_along_axis(svd._svd.inverse_transform(codes), words, axis=1)
    assert (words > 2).all()
    assert (np.diff(weights, axis=1) <= 0).all()


@pytest.mark.parametrize("make", [NearestText, lambda: TextSVD(4)])
def test_no_baseline_sees_the_test_texts(make):
    data = text_data()
    other = dataclasses.replace(data, test=Split(data.test.examples[:4]))
    one, two = (make().fit(d).transform(data.test.examples) for d in (data, other))
    np.testing.assert_array_equal(one, two)


def test_the_codes_of_a_baseline_are_as_wide_as_it_says():
    data = text_data()
    for codec in fit_baselines(4, data).values():
        assert codec.transform(data.test.examples).shape == (len(data.test), codec.latent_dim)


def test_order_counts_for_tokens_and_not_for_words():
    data = text_data()
    x = data.x("test")
    swapped = x.copy()
    for row in swapped:
        words = row[row > 2]
        row[: len(words)] = words[::-1]
    found = evaluate(Fixed(swapped), data)
    assert found["words_recalled"] == 1
    assert found["tokens_rebuilt"] < 0.9
    assert found["texts_rebuilt"] < 0.6


def test_the_nearest_text_of_a_known_one_is_itself():
    data = text_data()
    nearest = NearestText().fit(data)
    known = data.train.examples[:20]
    again = nearest.inverse_transform(nearest.transform(known))
    assert [sorted(text.split()) for text in again] == [sorted(text.split()) for text in known]


def test_a_full_svd_recalls_every_word():
    data = text_data()
    found = evaluate(TextSVD(100).fit(data), data)
    distinct = np.mean([len(set(text.split())) == len(text.split()) for text in data.test.examples])
    assert found["words_recalled"] > 0.75
    assert distinct < 1
    assert found["tokens_rebuilt"] is None
    assert evaluate(TextSVD(2).fit(data), data)["words_recalled"] < found["words_recalled"]


def test_texts_without_spaces_are_named_with_the_option(tmp_path):
    sentences = [
        "\u6211\u7231\u5317\u4eac",
        "\u4eca\u5929\u5929\u6c14\u597d",
        "\u4f60\u597d\u5417",
        "\u8c22\u8c22\u4f60",
    ] * 5
    (tmp_path / "t.txt").write_text("\n".join(sentences), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"script without spaces .*preprocessing\.tokens=characters"):
        Recipe.of(source=str(tmp_path / "t.txt")).load()
    characters = {"name": "text", "tokens": "characters"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = Recipe.of(source=str(tmp_path / "t.txt"), preprocessing=characters).load()
        (tmp_path / "u.txt").write_text("one two\ntwo three\n" * 5)
        Recipe.of(source=str(tmp_path / "u.txt")).load()
    assert [*data.preprocessor.restore(data.to_x(np.array([sentences[1]], object)))] == [sentences[1]]


@pytest.mark.parametrize("name", ["t.txt", "t.txt.gz"])
def test_lines_of_other_encodings_are_read(tmp_path, name):
    lines = ["caf\u00e9 noir", "th\u00e9 vert"] * 5
    content = "\n".join(lines).encode("latin-1")
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    with pytest.raises(ValueError, match=r"line 1: not UTF-8 at byte 4 .*--encoding latin-1"):
        load_data(tmp_path / name)
    assert [*load_data(tmp_path / name, encoding="latin-1", test=1.0).test.examples] == lines
