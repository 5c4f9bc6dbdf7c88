"""in_float32: converts a model trained in half precision to float32."""

from typing import Any

from kerasae.models._wiring import all_layers
from kerasae.seeds import kept

_HALF = ("float16", "bfloat16")


def in_float32(model: Any) -> Any:
    """Return a model with the same weights that computes in float32; the model itself if it already does.

    Mixed precision keeps the weights in float32 and rounds between the layers. A small device does not
    support half precision, and the kernels of a server round in a different order.
    """
    if not any(layer.compute_dtype in _HALF for layer in [model, *all_layers(model)]):
        return model
    config = {**_without_half(model.get_config()), "preprocessor": model.preprocessor}
    with kept():
        copy = type(model).from_config(config)
        copy.build((None, *model.encoder.input_shape[1:]))
    copy.set_weights(model.get_weights())
    return copy


def _without_half(config: Any) -> Any:
    """Return a config in which every dtype policy of Keras is float32."""
    if isinstance(config, list | tuple):
        return type(config)(_without_half(value) for value in config)
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return {**config, "config": {**config["config"], "name": "float32"}}
    return {key: _without_half(value) for key, value in config.items()}
