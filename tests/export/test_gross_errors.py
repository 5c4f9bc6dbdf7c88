"""A gross error in the training rows spoils no artifact."""

import numpy as np
import pytest
from kerasae.export import SavedModel, Subject, TFLite, Tiny

from kerasae import Recipe, train


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    """The same small model on rows without an error and on the same rows with one of 1e9."""
    hidden = np.random.default_rng(0).normal(size=(400, 2))
    rows = np.round(60 * hidden @ [[1.0, 0.5, 0.2, 0.1], [0.3, -0.6, 1.0, 0.4]], 2)
    made = []
    for name, error in (("clean", None), ("spoiled", 1e9)):
        path = tmp_path_factory.mktemp(name) / "rows.npy"
        np.save(path, rows)
        recipe = Recipe.of(source=str(path), latent_dim=2, network={"widths": [8]})
        if error is not None:
            rows[recipe.load().train.numbers[:2], 1] = error
            np.save(path, rows)
        data = recipe.load()
        model = recipe.build(data)
        train(model, data, epochs=3)
        made.append(Subject.of(model, data=data, name=name))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "int8", "server", "tiny"])
def test_artifacts_are_as_those_of_rows_without_the_error(subjects, tmp_path, precision):
    """int8 has 256 steps for what the training rows reach: beside the error all others would be one."""
    clean, spoiled = subjects
    assert np.abs(spoiled.calibration).max() < 1e3
    assert spoiled.preprocessor.std == pytest.approx(clean.preprocessor.std, rel=0.01)
    writers = {
        "server": SavedModel().write,
        "tiny": Tiny().write,
        "float32": TFLite().write,
        "int8": TFLite(precision="int8").write,
    }
    worst = []
    for subject in subjects:
        artifact = writers[precision](subject, tmp_path / subject.name)
        worst.append(
            max(
                one.get("mean_deviation", one.get("score_mean_deviation", 0.0))
                for one in artifact.parity.outputs
            )
        )
    assert worst[1] < 2 * worst[0] + 1e-6
