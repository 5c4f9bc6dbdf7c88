"""Texts as they are read, and tokens."""

import gzip
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sentences import text_data

from kerasae import Recipe, load_data
from kerasae.baselines import TextSVD
from kerasae.data._array_data import make_data
from kerasae.data._drawing import SPLITS
from kerasae.metrics import evaluate
from kerasae.preprocessing import TextPreprocessing
from kerasae.spec import END, Spec

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


@pytest.mark.parametrize("tokens", ["words", "characters"])
@pytest.mark.parametrize("standardize", ["lower_and_strip_punctuation", "lower", "strip_punctuation", None])
def test_tokens_as_they_are_written_are_those_that_are_looked_up(tokens, standardize):
    texts = ["A - b,\tc!  ...", "(zebra) b's\n- -", "", "--", " \u00dcber\u00a0b \u201ec\u201c d"]
    layer = TextPreprocessing(Spec("text", (0,), "string"), tokens=tokens, standardize=standardize).fit(texts)
    written = layer.written(texts)
    assert (
        written[0]
        == {
            ("words", True): ["A", "b,", "c!"],
            ("words", False): ["A", "-", "b,", "c!", "..."],
            ("characters", True): [*"A  b\tc  "],
            ("characters", False): [*texts[0]],
        }[tokens, "strip" in str(standardize)]
    )
    for row, parts in zip(layer.to_x(texts), written, strict=True):
        assert list(row).index(END) == len(parts)
        for number, part in zip(row, parts, strict=False):
            # Looked up by itself, each has the id that it has in the text.
            assert layer.to_x([part])[0, 0] == number, part


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


# Figures and baselines -------------------------------------------------------------------------------


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
