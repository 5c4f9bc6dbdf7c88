"""Terms: the named terms of a loss in the log; and checks before a training."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from kerasae.losses import ReconstructionLoss
from kerasae.models._wiring import all_layers


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
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}
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


def check_examples(x: Any, expected: Sequence[int | None]) -> None:
    """Check the shape of examples.

    Args:
        x: Examples, `(rows, ...)`.
        expected: Shape `(None, ...)`, in which `None` stands for any size.

    Raises:
        ValueError: If the examples have another shape.
    """
    received = tuple(x.shape)
    fits = len(received) == len(expected) and all(
        size in (None, actual) for size, actual in zip(expected[1:], received[1:], strict=True)
    )
    if not fits:
        shape = ", ".join(["rows", *map(str, expected[1:])])
        raise ValueError(f"Expected examples of shape ({shape}), received shape {received}.")


def check_compile(
    model: Any, optimizer: Any, loss: Any, kwargs: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Check the arguments of `compile`.

    Returns:
        The optimizer and the other arguments for Keras.

    Raises:
        ValueError: If another loss is given, or Keras cannot combine an argument with several replicas.
    """
    model_loss = model.reconstruction_loss
    if loss is not None:
        member = loss if isinstance(loss, ReconstructionLoss) else None
        same = loss == model_loss.name or (
            member is not None
            and type(member) is type(model_loss)
            and member.get_config() == model_loss.get_config()
        )
        if not same:
            raise ValueError(
                f"The loss belongs to the model, because it interprets the decoder's outputs: expected "
                f"None or '{model_loss.name}', received {loss!r}; give it as "
                f"{type(model).__name__}(..., reconstruction_loss=...). A mean over features, "
                "such as Keras's 'mse', would be too small beside the penalties."
            )
    if any(layer.dtype_policy.name == "mixed_float16" for layer in [model, *all_layers(model)]):
        # Keras checks only the policy of the model itself, but half precision in a part underflows too.
        base_optimizer = keras.optimizers.get(optimizer)
        if not isinstance(base_optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer = keras.optimizers.LossScaleOptimizer(base_optimizer)
    replicas = model.distribute_strategy.num_replicas_in_sync
    if replicas == 1:
        return optimizer, kwargs
    if kwargs.get("jit_compile") is True:
        raise ValueError(_refusal("jit_compile=True", replicas, "leave it out"))
    if kwargs.get("steps_per_execution", 1) != 1:
        raise ValueError(_refusal("steps_per_execution above 1", replicas, "use 1 (keras#19246)"))
    if getattr(optimizer, "gradient_accumulation_steps", None):
        raise ValueError(_refusal("gradient accumulation", replicas, "use a larger batch, or one device"))
    return optimizer, {**kwargs, "jit_compile": False}


def _refusal(what: str, replicas: int, remedy: str) -> str:
    return (
        f"Keras cannot combine {what} with a tf.distribute strategy, received {replicas} replicas; {remedy}."
    )


def kept_of_batch(losses: Any, trim: float) -> Any:
    """Return weights of mean 1, `(batch,)`, that are 0 for the share `trim` of the largest losses.

    Reference: Rousseeuw 1984, JASA 79 (least trimmed squares), applied to each batch.
    """
    losses = tf.stop_gradient(tf.cast(losses, tf.float32))
    rows = tf.cast(tf.shape(losses)[0], tf.float32)
    kept = tf.maximum(tf.math.ceil((1.0 - trim) * rows - 1e-3), 1.0)
    bound = tf.sort(losses)[tf.cast(kept, tf.int32) - 1]
    weights = tf.cast(losses <= bound, tf.float32)
    return weights * rows / tf.reduce_sum(weights)
