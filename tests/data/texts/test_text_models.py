"""Models of texts: families, mixing, masks, tied logits, and the loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sentences import WORDS, text_data

from kerasae import Recipe, registry, train
from kerasae.corruptions import MaskingNoise
from kerasae.layers import TokenEmbedding
from kerasae.losses import Tokens
from kerasae.networks.text import text
from kerasae.spec import Spec


def text_model(family="undercomplete", data=None, latent_dim=16, network=None, **sections):
    data = text_data() if data is None else data
    network = {"embedding_dim": 16, "hidden": 32, **(network or {})}
    return Recipe.of(family, latent_dim=latent_dim, network=network, **sections).build(data), data


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

#: Families whose training is simpler than that of the one in the plain suite.
SIMPLER = ("undercomplete", "sparse", "denoising", "contractive")


@pytest.mark.parametrize("mixing", ["conv", pytest.param("transformer", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "family",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in SIMPLER)) for name in registry.names("model")],
)
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_every_kernel_of_the_attention_is_initialised_and_penalised():
    settings = {"mixing": "transformer", "embedding_dim": 8, "heads": 2, "hidden": 8}
    network = {"name": "text", **settings, "kernel_initializer": "ones", "l2": 0.5}
    model = Recipe.of("undercomplete", latent_dim=4, network=network).build(text_data())
    for part in (model.encoder, model.decoder):
        (layer,) = [one for one in part.layers if isinstance(one, keras.layers.MultiHeadAttention)]
        kernels = [one for one in layer.trainable_variables if one.name == "kernel"]
        assert len(kernels) == 4
        assert all(kernel.regularizer is not None for kernel in kernels)
        assert all((np.asarray(kernel) == 1).all() for kernel in kernels)
