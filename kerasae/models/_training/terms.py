"""Terms: the named terms of a loss in the log."""

from typing import Any

import keras
import tensorflow as tf


class Terms:
    """Running means of the terms of a loss: `loss = reconstruction + penalties + regularization`.

    As Keras does for `loss`, every term is weighted by the size of its batch, so that the terms of an epoch
    add up too.

    Args:
        model: Built autoencoder, which gets a metric for each term.
    """

    def __init__(self, model: Any) -> None:
        names = ["reconstruction", *(penalty.name for penalty in model.penalties())]
        if len(set(names)) < len(names):
            raise ValueError(f"Each penalty needs a `name` of its own in the log, received {names[1:]}.")
        if any(variable.regularizer is not None for variable in model.trainable_variables):
            names.append("regularization")
        self.trackers: dict[str, Any] = {name: keras.metrics.Mean(name=name) for name in names}
        for name, tracker in self.trackers.items():
            setattr(model, f"{name}_tracker", tracker)

    def split(self, model: Any, loss: Any) -> dict[str, Any]:
        """Return the terms of one batch from its scalar loss on one replica.

        Call it before the gradients are applied. The replicas wait for each other there, and afterwards the
        layers hold the `add_loss` values of the last replica.
        """
        loss = loss * tf.distribute.get_strategy().num_replicas_in_sync
        added = [tf.cast(value, tf.float32) for value in model.losses]
        extra = tf.add_n(added) if added else tf.zeros(())
        values = {"loss": loss, "reconstruction": loss - extra}
        named = tf.zeros(())
        for penalty in model.penalties():
            values[penalty.name] = tf.add_n(penalty.losses) if penalty.losses else tf.zeros(())
            named = named + values[penalty.name]
        if "regularization" in self.trackers:
            values["regularization"] = extra - named
        return values

    def update(self, model: Any, values: dict[str, Any], batch: Any) -> None:
        """Update the running means with the terms of one batch."""
        for name, tracker in self.trackers.items():
            tracker.update_state(values[name], sample_weight=batch)
        for metric in model.metrics:
            if metric.name == "loss":
                metric.update_state(values["loss"], sample_weight=batch)
