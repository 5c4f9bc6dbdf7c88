"""check_compile: what Keras is given to compile an autoencoder."""

from typing import Any

import keras

from kerasae.losses import ReconstructionLoss
from kerasae.models._wiring import all_layers


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
