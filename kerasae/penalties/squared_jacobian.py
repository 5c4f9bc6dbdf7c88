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

    The term is exact by default. For a stack of dense layers it has a closed form, which costs about as
    much as 1.0 training steps for one layer and 1.5 for two layers with a linear code. Deeper stacks cost
    more, growing with the code size. Any other encoder costs one backward pass per number of the code. For
    such an encoder or a large code, an estimate from one probe costs about 0.4 training steps. Dropout is
    off in the term.

    Args:
        weight: Factor of the term, at least 0. Defaults to 0.0001.
        probes: Number of random sign vectors that estimate the norm. Defaults to 0, the exact norm.
        seed: Integer that fixes the sequence of random signs. Defaults to `None`, Keras's global seed.

    Call arguments:
        inputs: Floating-point `x` of shape `(batch, ...)`.
        layers: Layers of the encoder and its head, in order. Defaults to `None`, for an encoder that is
            not a sequence of layers.
        encode: Function from `x` to codes, without dropout.
        latent_dim: Code size. Defaults to 1.
        sample_weight: Weights of the examples, `(batch,)`. Defaults to `None`, equal weights.
        seed: Two int32 that fix the signs of this call, in place of the layer's own sequence. Defaults to
            `None`.
        training: Whether the gradient of the norm is needed. Without it, exact norms are computed in the
            memory of one backward pass. Defaults to True.

    Raises:
        ValueError: If `x` is not floating point, because a token id has no Jacobian.

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
        differentiable: bool = True,
    ) -> Any:
        if not keras.backend.is_float_dtype(inputs.dtype):
            raise ValueError(
                "A contractive penalty needs floating-point x, received "
                f"{keras.backend.standardize_dtype(inputs.dtype)}: integers have no Jacobian; "
                "apply it after an embedding."
            )
        if self.probes:
            probe_seed = self.signs.next_seed(seed)
            return jacobian.estimated_norm(encode, inputs, latent_dim, self.probes, probe_seed)
        steps = jacobian.dense_stack(layers) if layers is not None else None
        # A dense layer on an input of several axes acts on the last one and is not a single matrix.
        if steps is not None and math.prod(inputs.shape[1:]) == steps[0].kernel.shape[0]:
            return jacobian.stack_norm(steps, inputs)
        # Large batches of a validation, without a gradient, would need more memory than the training.
        return jacobian.exact_norm(encode, inputs, latent_dim, in_turn=not differentiable)

    def call(  # type: ignore[override]
        self,
        inputs: Any,
        layers: Any = None,
        encode: Any = None,
        latent_dim: int = 1,
        sample_weight: Any = None,
        seed: Any = None,
        differentiable: bool = True,
    ) -> Any:
        # Not `training`, which Keras would pass on to every layer of the encoder.
        measured = self.measure(inputs, layers, encode, latent_dim, seed, differentiable)
        self.add_loss(self.weight * average(ops.cast(measured, "float32"), sample_weight))
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "probes": self.probes, "seed": self.seed}
