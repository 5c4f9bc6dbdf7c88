"""Signatures of a file that can be trained: a step of Adam as a graph, and the weights that it changes."""

import re
from typing import Any

import tensorflow as tf
from kerasae.export.endpoints import Endpoint
from kerasae.export.formats.trainable._gradients import builtin_gradients
from kerasae.export.views import View

from kerasae.models import Autoencoder

#: Constants of Adam, as in Keras.
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7


def trained(model: Autoencoder) -> dict[str, Any]:
    """Return the trainable variables on which a reconstruction depends, by name."""
    x = tf.zeros((1, *model.encoder.input_shape[1:]), model.encoder.inputs[0].dtype)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model.reconstruction_loss.mean(model.decoder(model.describe(x)["z"])))
    given = tape.gradient(loss, model.trainable_variables, unconnected_gradients="none")
    moved = [
        one for one, gradient in zip(model.trainable_variables, given, strict=True) if gradient is not None
    ]
    by_name: dict[str, Any] = {}
    for variable in moved:
        name = re.sub(r"[^A-Za-z0-9]+", "_", variable.path.removeprefix(f"{model.name}/"))
        while name in by_name:
            name += "_"
        by_name[name] = variable
    return by_name


def learning_endpoints(model: Autoencoder, view: View, batch_size: int) -> list[Endpoint]:
    """Return the endpoints `infer`, `train`, `get_weights` and `set_weights` over the variables of a model.

    Args:
        model: Built autoencoder.
        view: View of a device.
        batch_size: Number of examples in a step.
    """
    weights = trained(model)
    slots = {name: [tf.Variable(tf.zeros(w.shape)) for _ in range(2)] for name, w in weights.items()}
    count = tf.Variable(0.0)
    batches = type(view)(view.preprocessor, batch_size)
    loss = model.reconstruction_loss

    def train(sent: dict[str, Any]) -> dict[str, Any]:
        with builtin_gradients():
            x = batches.enter({name: sent[name] for name in batches.inputs()})
            value = tf.reduce_mean(loss.per_example(x, model.decoder(model.describe(x)["z"])))
            gradients = tf.gradients(value, [weight.value for weight in weights.values()])
        count.assign_add(1.0)
        # Kingma and Ba 2015, end of section 2, as in Keras.
        rate = sent["learning_rate"] * tf.sqrt(1.0 - tf.pow(_BETA_2, count)) / (1.0 - tf.pow(_BETA_1, count))
        for (name, weight), gradient in zip(weights.items(), gradients, strict=True):
            first, second = slots[name]
            first.assign(_BETA_1 * first + (1.0 - _BETA_1) * gradient)
            second.assign(_BETA_2 * second + (1.0 - _BETA_2) * gradient * gradient)
            moved = weight.value - rate * first / (tf.sqrt(second) + _EPSILON)
            weight.value.assign(moved if weight.constraint is None else weight.constraint(moved))
        return {"loss": value}

    def infer(sent: dict[str, Any]) -> dict[str, Any]:
        x = view.enter(sent)
        z = model.describe(x)["z"]
        params = model.decoder(z)
        return {
            "z": z,
            **view.leave(loss.mean(params), "reconstruction"),
            "score": loss.anomaly_score(x, params),
        }

    def now() -> dict[str, Any]:
        return {name: weight.value + 0.0 for name, weight in weights.items()}

    def set_weights(sent: dict[str, Any]) -> dict[str, Any]:
        for name, weight in weights.items():
            weight.value.assign(sent[name])
        # The moments of Adam belong to other weights, and may be NaN.
        for slot in (count, *(one for pair in slots.values() for one in pair)):
            slot.assign(tf.zeros_like(slot))
        return now()

    rate = tf.TensorSpec((), tf.float32, name="learning_rate")
    kept = {name: tf.TensorSpec(w.shape, tf.float32, name=name) for name, w in weights.items()}
    return [
        Endpoint("infer", view.inputs(), infer),
        Endpoint("train", {**batches.inputs(), "learning_rate": rate}, train),
        Endpoint("get_weights", {}, lambda sent: now()),
        Endpoint("set_weights", kept, set_weights),
    ]
