"""Cases of a file that can be trained: the answers of each signature, call by call."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf
from kerasae.export.formats.trainable._learning import trained
from kerasae.export.parity import Case, make_cases
from kerasae.export.subject import Subject
from kerasae.export.views import View

from kerasae.models import Autoencoder

#: Number of steps in which a training on the device is compared with one in Keras.
_STEPS = 10


def learning_cases(subject: Subject, view: View, batch_size: int) -> dict[str, Case]:
    """Return the cases of the signatures. The answers of `train` come from a training in Keras.

    Args:
        subject: Model, held-out rows, and training rows for `train`.
        view: Form in which raw examples enter and leave the file.
        batch_size: Number of examples in a step.
    """
    cases = make_cases(subject, view, seeded=False, unreadable=False)
    weights = {name: np.asarray(w)[None] for name, w in trained(subject.model).items()}
    zeros = {name: np.zeros_like(weight) for name, weight in weights.items()}
    inferred = [cases[name] for name in ("encode", "reconstruct", "anomaly_score")]
    expected = {name: value for case in inferred for name, value in case.expected.items()}
    calls = {name: value[:, None] for name, value in inferred[0].sent.items()}
    picked = np.resize(np.arange(len(subject.calibration)), (_STEPS, batch_size))
    raw = view.feed(subject.calibration)
    sent = {name: value[picked] for name, value in raw.items()}
    rates = np.full(_STEPS, 1e-3, "float32")
    x = subject.preprocessor.to_x(subject.calibration)[picked]
    losses = _losses_of_keras(subject.model, x, rates)
    return {
        "infer": Case(
            calls,
            {name: expected[name][:, None] for name in ("z", "reconstruction", "score")},
            {name: unit for case in inferred for name, unit in case.units.items()},
        ),
        "train": Case(
            {**sent, "learning_rate": rates}, {"loss": losses}, {"loss": float(np.abs(losses).max()) or 1.0}
        ),
        "get_weights": Case({}, weights, {}),
        "set_weights": Case(zeros, zeros, {}),
    }


def _losses_of_keras(model: Autoencoder, batches: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Return the losses of a training with the optimizer of Keras and the gradients of TensorFlow."""
    variables = list(trained(model).values())
    optimizer = keras.optimizers.Adam(float(rates[0]))
    losses = []
    with restored(model):
        for x in batches:
            with tf.GradientTape() as tape:
                params = model.decoder(model.describe(tf.constant(x))["z"])
                loss = tf.reduce_mean(model.reconstruction_loss.per_example(tf.constant(x), params))
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            losses.append(float(loss))
    return np.array(losses, "float32")


@contextmanager
def restored(model: Autoencoder) -> Iterator[None]:
    """Restore the weights of a model at the end of the context."""
    weights = model.get_weights()
    try:
        yield
    finally:
        model.set_weights(weights)
