"""Files that learn on a device: they learn as Keras does, and keep what they learned."""

import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from kerasae.export import ParityError, Subject, Trainable, bundle, verify
from kerasae.export.formats.trainable import _gradients
from kerasae.export.formats.trainable._learning import trained
from kerasae.export.verify_edge import TrainableModel

from kerasae import Recipe, train

pytestmark = pytest.mark.slow

CASES = {
    "relu": ("undercomplete", {}, {}),
    "tied": ("contractive", {"tied": True, "activation": "tanh"}, {}),
    "constrained": ("sparse", {"activation": "elu"}, {"name": "absolute_error"}),
    "batch norm": ("denoising", {"normalization": "batch", "activation": "leaky_relu"}, {}),
    "layer norm": ("denoising", {"normalization": "layer", "activation": "silu"}, {}),
    "likelihood": ("variational", {"activation": "softplus"}, {}),
    "bernoulli": ("variational", {"activation": "selu"}, {"name": "bernoulli"}),
    "bounded": ("undercomplete", {"activation": "relu6"}, {}),
}


@pytest.fixture(scope="module")
def subject(digits):
    made = {}

    def subject(case):
        if case not in made:
            family, network, loss = CASES[case]
            network = {"widths": [64 if case == "likelihood" else 24], **network}
            size = 16 if case == "likelihood" else 4
            recipe = Recipe.of(family, latent_dim=size, network=network, loss=loss)
            model = recipe.build(digits)
            # Long enough for a likelihood whose loss falls below 0.
            train(model, digits, epochs=150 if case == "likelihood" else 2)
            made[case] = Subject.of(model, data=digits, name="learner")
        return made[case]

    return subject


@pytest.fixture(scope="module")
def learner(subject, tmp_path_factory):
    """What was written of a case, and the file opened; written once for each."""
    made = {}

    def learner(case):
        if case not in made:
            path = tmp_path_factory.mktemp("learner") / "m.tflite"
            made[case] = Trainable(batch_size=8).write(subject(case), path), TrainableModel(path.read_bytes())
        return made[case]

    return learner


def trained_by_keras(what, batches, rate):
    """A copy of the model after so many steps of Keras's Adam, with TensorFlow's own gradients."""
    model = type(what.model).from_config(what.model.get_config())
    model.build((None, *what.preprocessor.spec.shape))
    model.set_weights(what.model.get_weights())
    variables = list(trained(model).values())
    optimizer = keras.optimizers.Adam(rate)
    losses = []
    for raw in batches:
        x = tf.constant(what.preprocessor.to_x(raw))
        with tf.GradientTape() as tape:
            params = model.decoder(model.describe(x)["z"])
            loss = tf.reduce_mean(model.reconstruction_loss.per_example(x, params))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        losses.append(float(loss))
    return model, losses


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=() if case in ("relu", "tied") else pytest.mark.slow) for case in CASES],
)
def test_it_learns_as_keras_does(case, subject, learner):
    what, (_, file) = subject(case), learner(case)
    rng = np.random.default_rng(0)
    raw = what.calibration
    batches = [raw[rng.integers(0, len(raw), 8)] for _ in range(30)]
    model, expected = trained_by_keras(what, batches, 3e-3)
    file.restart()
    losses = [float(file.call("train", x=x, learning_rate=np.float32(3e-3))["loss"]) for x in batches]
    np.testing.assert_allclose(losses, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    if case == "likelihood":
        assert max(losses) < 0
    weights = file.call("get_weights")
    for (name, before), after in zip(trained(what.model).items(), trained(model).values(), strict=True):
        # In units of how far the training moved it.
        moved = np.abs(np.asarray(after) - np.asarray(before)).mean()
        assert np.abs(weights[name] - np.asarray(after)).mean() < 0.02 * moved + 1e-7, name
    # What it answers now is what the trained model answers.
    x = what.preprocessor.to_x(what.held_out[:20])
    for i in range(20):
        answer = file.call("infer", x=what.held_out[i : i + 1].astype("uint8"))
        np.testing.assert_allclose(answer["z"], model.describe(x[i : i + 1])["z"], rtol=1e-2, atol=1e-2)


def test_what_was_learned_can_be_kept_and_undone(subject, learner):
    what, (_, file) = subject("relu"), learner("relu")
    x = what.held_out[:1]

    def answer(one):
        return one.call("infer", x=x)["reconstruction"]

    file.restart()
    before, weights = answer(file), file.call("get_weights")
    for name, weight in trained(what.model).items():
        np.testing.assert_array_equal(weights[name], np.asarray(weight))
    for start in range(0, 80, 8):
        file.call("train", x=what.calibration[start : start + 8], learning_rate=np.float32(1e-2))
    learned, after = file.call("get_weights"), answer(file)
    assert np.abs(after - before).max() > 0.1
    again = TrainableModel(file.content)
    np.testing.assert_array_equal(answer(again), before)
    for name, weight in again.call("set_weights", **learned).items():
        np.testing.assert_array_equal(weight, learned[name])
    np.testing.assert_array_equal(answer(again), after)
    file.call("set_weights", **weights)
    np.testing.assert_array_equal(answer(file), before)


@pytest.mark.slow
def test_a_spoiled_training_can_be_undone(subject, learner):
    # NaN stays in Adam's memory for good unless that goes with the weights.
    what, (_, file) = subject("likelihood"), learner("likelihood")
    batch, rate = what.calibration[:8].astype("uint8"), np.float32(1e-3)
    file.restart()
    weights = file.call("get_weights")
    losses = [float(file.call("train", x=batch, learning_rate=rate)["loss"]) for _ in range(4)]
    file.call("train", x=batch, learning_rate=np.float32("nan"))
    assert np.isnan(file.call("train", x=batch, learning_rate=rate)["loss"])
    file.call("set_weights", **weights)
    again = [float(file.call("train", x=batch, learning_rate=rate)["loss"]) for _ in range(4)]
    np.testing.assert_array_equal(again, losses)


def test_the_model_is_left_as_it_was(subject, tmp_path):
    what = subject("likelihood")
    before = what.model.get_weights()
    Trainable().write(what, tmp_path / "m.tflite")
    for one, other in zip(before, what.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("case", "operation", "wrong"),
    [
        ("relu", "Relu", lambda g, x, y, op: g),
        ("tied", "Tanh", lambda g, x, y, op: g * (1.0 - y)),
        ("bernoulli", "Log1p", lambda g, x, y, op: g),
    ],
)
def test_a_wrong_gradient_does_not_leave(case, operation, wrong, subject, tmp_path, monkeypatch):
    monkeypatch.setitem(_gradients._FORMULAS, operation, wrong)
    with pytest.raises(ParityError, match="train loss"):
        Trainable().write(subject(case), tmp_path / "m.tflite")
    assert not list(tmp_path.iterdir())


def test_a_constraint_left_out_does_not_leave(subject, tmp_path, monkeypatch):
    what = subject("constrained")
    bound = [one for one in trained(what.model).values() if one.constraint is not None]
    assert bound
    constraint = type(bound[0].constraint)
    call = constraint.__call__

    def forgetful(self, w):
        # Keras's optimizer asks for it eagerly; the file's own step is traced.
        return call(self, w) if tf.executing_eagerly() else w

    monkeypatch.setattr(constraint, "__call__", forgetful)
    with pytest.raises(ParityError, match="train loss"):
        Trainable().write(what, tmp_path / "m.tflite")


@pytest.mark.slow
def test_what_cannot_learn_is_refused(edge_subject, exported_by_kind, subject, tmp_path):
    with pytest.raises(ValueError, match="network of dense layers to learn on a device, received Conv2D"):
        Trainable().write(edge_subject("conv"), tmp_path / "m.tflite")
    for kind in ("table", "text"):
        with pytest.raises(ValueError, match=f"to learn on a device, received one of kind '{kind}'"):
            Trainable().write(exported_by_kind(kind).subject, tmp_path / "m.tflite")
    with pytest.raises(ValueError, match="`batch_size` must be a positive integer, received 0"):
        Trainable(batch_size=0).write(subject("relu"), tmp_path / "m.tflite")
    assert not list(tmp_path.iterdir())


def test_the_card_can_be_followed(subject, tmp_path):
    bundle(subject("relu"), tmp_path / "ship", formats=["trainable"])
    card = (tmp_path / "ship" / "README.md").read_text()
    (snippet,) = re.findall(r"```python\n(import numpy.*?learner.*?)```", card, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=tmp_path / "ship", capture_output=True, text=True, check=True
    )
    loss, score = done.stdout.split()
    assert float(loss) > 0
    assert float(score.strip("[]")) >= 0


@pytest.mark.slow
def test_a_bundle_holds_one_model(subject, tmp_path):
    ship = tmp_path / "ship"
    bundle(subject("relu"), ship, formats=["tiny", "trainable"])
    bundle(subject("relu"), ship, formats=["tflite"], precisions=["float32"])
    kept = [one["path"] for one in json.loads((ship / "manifest.json").read_text())["artifacts"]]
    tiny = [f"tiny/learner_{name}" for name in ("reconstruct", "encode", "decode", "c")]
    assert kept == [*tiny, "edge/learner_trainable.tflite", "edge/learner_float32.tflite"]
    assert verify(ship).faults == []
    # A file of another model under the same name would be taken for this one's.
    bundle(subject("tied"), ship, formats=["tflite"], precisions=["float32"])
    kept = [one["path"] for one in json.loads((ship / "manifest.json").read_text())["artifacts"]]
    assert kept == ["edge/learner_float32.tflite"]
    assert not (ship / "edge" / "learner_trainable.tflite").exists()
    assert verify(ship).faults == []


def test_it_goes_into_a_bundle_on_request(subject, tmp_path):
    ship = tmp_path / "ship"
    bundle(subject("relu"), ship, formats=["tflite"], precisions=["float32"], also=["trainable"])
    entry = json.loads((ship / "manifest.json").read_text())["artifacts"][-1]
    assert entry["path"] == "edge/learner_trainable.tflite"
    assert sorted(entry["signatures"]) == ["get_weights", "infer", "set_weights", "train"]
    assert entry["facts"]["step_ms"] > 0
    assert verify(ship).faults == []
    assert "Learning on the device" in (ship / "README.md").read_text()
    # A file whose weights are another's answers otherwise.
    path = ship / "edge" / "learner_trainable.tflite"
    content = bytearray(path.read_bytes())
    kernel = np.asarray(trained(subject("relu").model)["to_code_kernel"]).tobytes()
    start = content.index(kernel)
    content[start : start + len(kernel)] = (2 * np.frombuffer(kernel, "float32")).tobytes()
    path.write_bytes(content)
    assert any("learner_trainable.tflite: changed" in fault for fault in verify(ship).faults)
