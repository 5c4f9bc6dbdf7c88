"""Models trained in half precision are exported in float32, and answer as the model of the same weights."""

import keras
import numpy as np
import pytest
from kerasae.export import SavedModel, Subject, TFLite
from kerasae.export.verify_edge import EdgeModel

from kerasae import Recipe, export, train
from kerasae.codec import fingerprint

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("family", "network", "everywhere"),
    [
        ("variational", {"widths": [16]}, False),
        pytest.param("sparse", {"name": "conv", "filters": [4, 8]}, True, marks=pytest.mark.slow),
    ],
)
def test_half_precision_is_exported(family, network, everywhere, digits, tmp_path):
    if everywhere:
        keras.config.set_dtype_policy("mixed_float16")
    model = Recipe.of(family, latent_dim=4, network={**network, "dtype": "mixed_float16"}).build(digits)
    train(model, digits, epochs=1)
    keras.config.set_dtype_policy("float32")
    subject = Subject.of(model, data=digits, name="half")
    assert fingerprint(subject.model) == fingerprint(model)
    artifact = SavedModel().write(subject, tmp_path / "1")
    assert artifact.parity.use["error_ratio"] == pytest.approx(1, abs=1e-3)
    TFLite().write(subject, tmp_path / "half.tflite")
    codes = EdgeModel((tmp_path / "half.tflite").read_bytes()).run("encode", {"x": subject.held_out})["z"]
    # Half precision has three digits.
    trained = model.transform(subject.held_out)
    np.testing.assert_allclose(codes, trained, atol=0.02 * np.abs(trained).max())
    # The codec of the artifact is that of the model as it was trained.
    codec = export.load(tmp_path / "half.tflite", model)
    np.testing.assert_array_equal(codec.transform(subject.held_out), codes)


def test_a_model_in_float32_is_itself(edge_subject):
    model = edge_subject("dense").model
    assert model.in_float32() is model
