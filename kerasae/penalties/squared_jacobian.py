"""The contractive penalty: the squared norm of the encoder's Jacobian."""

import math
from typing import Any

import keras
from keras import ops

from kerasae import jacobian
from kerasae.layers import NoiseLayer
from kerasae.penalties._base import Penalty, average


@keras.saving.register_keras_serializable(package="kerasae")
class SquaredJacobian(Penalty):
    """`weight * mean over examples of |d encode(x) / dx|_F^2`.

    Exact unless `probes` asks for an estimate. For a plain stack of dense layers the exact term
    has a form that costs about 1.0 (one layer) to 1.5 training steps (two, with a linear code);
    deeper stacks cost more with the code size, and any other encoder one backward pass per number
    of the code. There, or for a wide code, an estimate from one probe costs about 0.4 of a step.
    Dropout is off in the term.

    Args:
        weight: of the term.
        probes: 0 for the exact norm, otherwise the number of random signs that estimate it.
        seed: of the signs, an integer or `None`.

    Call arguments:
        inputs: `x`, `(batch, ...)`, floating point.
        layers: the encoder's layers with the head, in order, or `None` if they are no chain.
        encode: a function from `x` to codes, outside training.
        latent_dim: size of the code.
        sample_weight: `(batch,)` or `None`.
        seed: two int32 for the signs of this call, in place of the layer's own sequence.

    Raises:
        ValueError: if `x` is not floating point: a token id has no Jacobian.

    Reference: Rifai et al. 2011, ICML, equation 2.
    """

    escapable = True

    def __init__(
        self,
        weight: float = 1e-4,
        *,
        probes: int = 0,
        seed: int | None = None,
        name: str = "contraction",
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, name=name, **kwargs)
        if not isinstance(probes, int) or isinstance(probes, bool) or probes < 0:
            raise ValueError(f"`probes` must be a non-negative integer, received {probes!r}.")
        self.probes = probes
        self.seed = seed
        self.signs = NoiseLayer(seed=seed, name="signs")

    def build(self, input_shape: Any) -> None:
        self.signs.build(input_shape)
        super().build(input_shape)

    def measure(
        self,
        inputs: Any,
        layers: Any = None,
        encode: Any = None,
        latent_dim: int = 1,
        seed: Any = None,
    ) -> Any:
        if not keras.backend.is_float_dtype(inputs.dtype):
            raise ValueError(
                "A contractive penalty needs floating-point x, received "
                f"{keras.backend.standardize_dtype(inputs.dtype)}: integers have no Jacobian; "
                "apply it behind an embedding."
            )
        if self.probes:
            draw = self.signs.next_seed(seed)
            return jacobian.estimated_norm(encode, inputs, latent_dim, self.probes, draw)
        steps = jacobian.dense_stack(layers) if layers is not None else None
        # A dense layer over the last of several axes is no single matrix.
        if steps is not None and math.prod(inputs.shape[1:]) == steps[0].kernel.shape[0]:
            return jacobian.stack_norm(steps, inputs)
        return jacobian.exact_norm(encode, inputs, latent_dim)

    def call(  # type: ignore[override]
        self,
        inputs: Any,
        layers: Any = None,
        encode: Any = None,
        latent_dim: int = 1,
        sample_weight: Any = None,
        seed: Any = None,
    ) -> Any:
        measured = self.measure(inputs, layers, encode, latent_dim, seed)
        self.add_loss(self.weight * average(ops.cast(measured, "float32"), sample_weight))
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "probes": self.probes, "seed": self.seed}
