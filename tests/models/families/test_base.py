"""What every family inherits: shapes that are refused, archives that are damaged, exports without noise."""

import importlib.util
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_parts import plain

from kerasae.models import (
    UndercompleteAutoencoder,
    VariationalAutoencoder,
    load_model,
)


def test_exports_hold_no_noise(build, x):
    """A traced call at inference holds no random operation."""
    for family in ("denoising", "variational"):
        model = build(family)
        graph = tf.function(lambda a, model=model: model(a)).get_concrete_function(
            tf.TensorSpec((None, 8, 8, 1))
        )
        assert not [op.type for op in graph.graph.get_operations() if "andom" in op.type]


@pytest.mark.parametrize(
    ("loss", "width", "expected"),
    [("squared_error", 11, 12), ({"name": "gaussian", "scale": 0.5}, 6, 12), ("gaussian", 12, 24)],
)
def test_a_decoder_of_another_width_is_refused(loss, width, expected):
    def model():
        encoder = keras.Sequential([keras.Input((12,)), keras.layers.Dense(4)])
        decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(width)])
        return VariationalAutoencoder(encoder, decoder, reconstruction_loss=loss)

    said = rf"has the shape \({expected},\) .*received one of shape \({width},\)"
    with pytest.raises(ValueError, match=said):
        model().build((None, 12))
    rows = np.zeros((4, 12), "float32")
    unbuilt = model()
    unbuilt.compile()
    for verb in (unbuilt.fit, model().predict):
        with pytest.raises(ValueError, match=said):
            verb(rows, verbose=0)


def test_abstract_classes_say_so():
    from kerasae.models import Autoencoder, DeterministicAutoencoder

    for family in (Autoencoder, DeterministicAutoencoder):
        with pytest.raises(TypeError, match="is abstract"):
            family(*plain())


@pytest.mark.parametrize("shape", [(8, 8, 8), (8, 64), (4, 16, 8, 1)])
def test_examples_of_another_shape_are_refused_by_every_verb(build, digits, shape):
    """A channel axis that lacks was broadcast against the reconstruction: 512 residuals for 64."""
    model = build("undercomplete")
    wrong = digits.x("train")[:8].reshape(shape)
    for verb in (model, model.account):
        with pytest.raises(ValueError):
            verb(wrong)
    for verb in (model.predict, model.evaluate, model.fit):
        with pytest.raises(ValueError, match="incompatible with the layer"):
            verb(wrong, verbose=0)
    bare = UndercompleteAutoencoder(model.encoder, model.decoder)
    bare.build((None, 8, 8, 1))
    for verb in (bare.transform, bare.accounts):
        with pytest.raises(ValueError, match=r"shape \(rows, 8, 8, 1\), received"):
            verb(wrong)


@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("reconstruction_loss", keras.losses.MeanSquaredError()),
        ("corruption", keras.layers.GaussianNoise(0.1)),
        ("code_penalty", keras.regularizers.L2(0.1)),
        ("contraction", "strong"),
        ("preprocessor", keras.layers.Rescaling(1 / 255)),
    ],
)
def test_a_part_of_another_type_is_refused(name, received):
    """Some were taken in silence and did nothing; others ended in an AttributeError of a later step."""
    with pytest.raises(TypeError, match=rf"`{name}` must be of type \w+( \| None)?, received"):
        UndercompleteAutoencoder(*plain(), **{name: received})


@pytest.fixture(scope="module")
def stored_parts(tmp_path_factory):
    """The files inside a `.keras` file, by name."""
    path = tmp_path_factory.mktemp("stored") / "m.keras"
    model = UndercompleteAutoencoder(*plain())
    model.compile("adam")
    model.build((None, 6))
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.weights.h5", lambda content: content[: len(content) // 2]),
        ("model.weights.h5", lambda content: content.replace(b"SNOD", b"SNOX")),
        ("model.weights.h5", lambda content: content.replace(b"layers", b"layerz")),
        ("config.json", lambda content: content[:-9]),
        ("config.json", lambda content: b"\xfe" + content),
        ("config.json", lambda content: content.replace(b"UndercompleteAutoencoder", b"Other")),
        ("config.json", lambda content: content.replace(b'"trim": 0.0', b'"trim": 2')),
        ("config.json", lambda content: content.replace(b'"corruption": null', b'"corruption": 3')),
        ("config.json", lambda content: b"[]"),
    ],
)
def test_a_whole_archive_of_damaged_parts_is_refused_in_one_line(name, damage, stored_parts, tmp_path):
    damaged = damage(stored_parts[name])
    assert damaged != stored_parts[name]
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in {**stored_parts, name: damaged}.items():
            archive.writestr(part, content)
    with pytest.raises(ValueError, match=r"Expected a \.keras file that Keras can load") as refusal:
        load_model(path)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 600


def test_a_class_of_a_users_file_that_is_gone_is_named_by_its_file(stored_parts, tmp_path):
    written = stored_parts["config.json"].decode()
    theirs = written.replace("kerasae.losses.squared_error", "kerasae.losses.mine")
    theirs = theirs.replace("kerasae>SquaredError", "mine>Mine").replace('"SquaredError"', '"Mine"')
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in {**stored_parts, "config.json": theirs.encode()}.items():
            archive.writestr(part, content)
    with pytest.raises(
        ValueError, match=r"found no losses/mine\.py; set KERASAE_PATH to the folder"
    ) as refusal:
        load_model(path)
    assert "\n" not in str(refusal.value)


def test_a_handle_is_no_path(tmp_path):
    """Keras fetches what lies elsewhere; TensorFlow's own file system in memory stands for all of them."""
    model = UndercompleteAutoencoder(*plain())
    model.build((None, 6))
    model.save(tmp_path / "m.keras")
    tf.io.gfile.copy(str(tmp_path / "m.keras"), "ram://models/m.keras")
    loaded = load_model("ram://models/m.keras")
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(
        OSError, match=r"can be read at https://a/m\.keras, received: File system scheme 'https'"
    ):
        load_model("https://a/m.keras")
    if importlib.util.find_spec("huggingface_hub") is None:
        with pytest.raises(ImportError, match="huggingface_hub"):
            load_model("hf://a/m")
