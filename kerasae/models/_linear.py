"""LinearWeights: the weights of a linear autoencoder as one map to the code and one back."""

from typing import Any

import keras
import numpy as np

from kerasae.layers import ChannelScales, GapMarks
from kerasae.losses import Readings, SquaredError

#: Layers of the encoder that do not change the numbers of an example without gaps.
_PASSED = (keras.layers.InputLayer, keras.layers.Flatten, GapMarks)


class LinearWeights:
    """The weights of a linear autoencoder, and what its loss depends on.

    Args:
        model: Built autoencoder.

    Attributes:
        size: Number of features of an example.
        noise: Covariance of the noise that is added to an example, `(size, size)`.
        channels: Channel of each feature, `(size,)`, if the loss has a scale for each; otherwise `None`.
        least: Smallest scale.

    Raises:
        ValueError: If the model is not linear, its noise depends on the example, or its loss is more than a
            squared error or the likelihood of readings.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        layers = [layer for layer in model.decoder.layers if not isinstance(layer, keras.layers.InputLayer)]
        _check(model, layers)
        shape = tuple(model.encoder.input_shape[1:])
        self.size = int(np.prod(shape))
        # Marks of missing readings are further features of the encoder, which have no weight.
        probes = np.eye(self.size, dtype="float32").reshape(-1, *shape)
        features = np.array(model.encoder(np.concatenate([np.zeros_like(probes[:1]), probes])), "float64")
        self._features = features[1:] - features[0]
        self._output = layers[0]
        self._scales = layers[-1] if isinstance(layers[-1], ChannelScales) else None
        stages = [] if model.corruption is None else model.corruption.stages()
        none = np.zeros((self.size, self.size))
        self.noise: np.ndarray = sum((stage.covariance(shape) for stage in stages if stage.level), none)
        self.channels = None if self._scales is None else np.tile(np.arange(shape[1]), shape[0])
        self.least: float = getattr(model.reconstruction_loss, "min_scale", 0.0)

    def assign(self, mean: np.ndarray, encoder: np.ndarray, decoder: np.ndarray, scales: np.ndarray) -> None:
        """Set the weights: `code = (x - mean) encoder`, `x' = mean + code decoder`.

        Args:
            mean: Mean of the examples, `(size,)`.
            encoder: Kernel to the code, `(size, latent_dim)`.
            decoder: Kernel from the code, `(latent_dim, size)`.
            scales: Standard deviation of the error of each channel, `(channels,)`; unused without them.
        """
        self._model.to_code.set_weights([self._features.T @ encoder, -mean @ encoder])
        self._output.set_weights([decoder, mean])
        if self._scales is not None:
            self._scales.set_weights([np.log(scales)])


def _check(model: Any, layers: list[keras.layers.Layer]) -> None:
    kinds = [keras.layers.Dense, keras.layers.Reshape, ChannelScales]
    loss, trainable = model.reconstruction_loss, model.trainable_variables
    head: Any = getattr(model, "to_code", None)
    output = layers[0]
    reasons = {
        "a hidden layer in the encoder": not all(isinstance(part, _PASSED) for part in model.encoder.layers),
        "a hidden layer or tied weights in the decoder": [*map(type, layers)] != kinds[: len(layers)],
        "a code that is not computed by a linear layer": model.code_activation != "linear"
        or [*model.head_layers()] != [head],
        f"the loss '{loss.name}'": type(loss) not in (SquaredError, Readings),
        "a rounded code": getattr(model, "code_steps", None) is not None,
        "a code that depends on the training batch": getattr(model, "lifetime", None) is not None,
        "a penalty": any(penalty.weight for penalty in model.penalties()),
        "trimmed rows": model.trim > 0,
        "penalised weights": any(variable.regularizer is not None for variable in trainable),
        "constrained weights": any(variable.constraint is not None for variable in trainable),
    }
    for reason, holds in reasons.items():
        if holds:
            raise _no_closed_form(reason)
    if output.activation is not keras.activations.linear:
        raise _no_closed_form("a decoder with an activation")
    if tuple(output.kernel.shape) != (model.latent_dim, int(np.prod(model.encoder.input_shape[1:]))):
        raise _no_closed_form("a decoder with several numbers for each feature")
    if not (head.use_bias and output.use_bias and head.trainable and output.trainable):
        raise _no_closed_form("a layer without a bias, or one that is not trained")


def _no_closed_form(reason: str) -> ValueError:
    return ValueError(
        "`solver` 'closed_form' needs a linear model (--network dense --set network.depth=0) with the "
        f"squared error or the likelihood of readings alone, received {reason}; use "
        "--set train.solver=gradient."
    )
