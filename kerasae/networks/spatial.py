"""Convolutional network whose code is a map, which keeps the place of what it describes."""

from collections.abc import Sequence
from typing import Any, Literal

import keras

from kerasae.arguments import check_positive_integer
from kerasae.maps import DECODER, ENCODER, Cosines, sized
from kerasae.networks._base import Network, Style
from kerasae.spec import Spec

#: Filters of the usual levels.
_FILTERS = (32, 64)


def spatial(
    spec: Spec,
    latent_dim: int = 8,
    *,
    outputs: int = 1,
    filters: Sequence[int] | None = _FILTERS,
    strides: int = 2,
    residual_blocks: int = 2,
    shortcut: bool | Literal["cosines"] = False,
    activation: str = "relu",
    normalization: Literal["batch", "layer"] | None = None,
    dropout: float = 0.0,
    kernel_initializer: str | dict[str, Any] = "glorot_uniform",
    l1: float = 0.0,
    l2: float = 0.0,
    dtype: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32",
) -> Network:
    """A convolutional encoder without a dense layer, and its mirror image.

    The code is a small map: `latent_dim` numbers for each square of `strides ** levels` pixels, where
    `levels` is the number of `filters`. Each number depends on the pixels around its square alone. A code of
    a model is this map as a vector, row after row, so that the code size of the model is `latent_dim` times
    the number of squares. The same weights work on images of any size; see `kerasae.models.at_size`.

    An image whose height or width is no multiple of a square's is continued with zeros, and the
    reconstruction is cut to its size. Kernels that change the size are twice as long as the stride, so that
    each pixel is covered equally often: with other lengths a decoder draws checkerboards. The other kernels
    have 3 x 3 pixels. All operations convert to built-in TFLite operations.

    With `shortcut`, a linear map of the pixels of each square lies beside the convolutions, on the way to
    the code and from the code to the output. If `latent_dim` is at least the number of values of a square,
    the code can hold the image as it is, and the other layers learn what is to be changed. This makes a
    restorer, such as a denoiser, and no small code: nothing is compressed. With a smaller `latent_dim` the
    linear maps can learn what PCA of the squares finds.

    The exact contraction of a map costs a pass for each of its numbers: use `--set model.probes=1`.

    Args:
        spec: Spec of images of shape `(height, width, channels)`.
        latent_dim: Numbers of the code for each square. Defaults to 8.
        outputs: Number of decoder outputs per pixel and channel, which the loss determines. Defaults to 1.
        filters: Numbers of channels of the encoder's levels, from the input to the code. Defaults to 32
            and 64, so that a square has 4 x 4 pixels with a stride of 2; `None` means the same.
        strides: Factor by which each level divides height and width. Defaults to 2.
        residual_blocks: Number of residual blocks after each level. A block is a pair of convolutions with a
            shortcut around them (He et al. 2016, CVPR), whose last kernel starts at zero. Defaults to 2.
        shortcut: Whether a linear path lies beside the convolutions of encoder and decoder. With
            `"cosines"` it starts as the discrete cosine transform of the squares and the other layers of the
            decoder start at 0; use it with `--set model.code_initializer=identity`. Defaults to False.
        activation: Activation of the hidden layers, a name in `keras.activations`. Defaults to `"relu"`.
        normalization: Normalisation between each hidden layer and its activation, `"batch"` or `"layer"`,
            where `"layer"` normalises over channels. Defaults to `None`.
        dropout: Share of the units of each hidden layer that are set to zero in training, in [0, 1).
            Defaults to 0.
        kernel_initializer: Initialiser of every kernel that neither `shortcut` nor `residual_blocks`
            determines, a name or config of `keras.initializers`. Defaults to `"glorot_uniform"`.
        l1: Weight of the sum of the absolute values of all kernels in the loss. Defaults to 0.
        l2: Weight of the sum of the squares of all kernels in the loss. Defaults to 0.
        dtype: Precision of the hidden layers. Code and output are always float32. Defaults to `"float32"`.

    Returns:
        `Network(encoder, decoder)`. The features of the encoder are a map, `(batch, rows, columns,
        features)`.

    Raises:
        ValueError: If the examples are not images, a number is out of range or a name is unknown.

    Reference: Odena, Dumoulin and Olah 2016, *Deconvolution and Checkerboard Artifacts*, Distill (kernels);
    Theis, Shi, Cunningham and Huszár 2017, ICLR (a map as the code of an image).
    """
    if len(spec.shape) != 3:
        is_array = not (spec.columns or spec.vocabulary or spec.channels)
        raise ValueError(
            "The network 'spatial' needs images of shape (height, width, channels), received examples of "
            f"shape {spec.shape}; use --network {'dense' if is_array else spec.kind}."
        )
    filters = list(_FILTERS if filters is None else filters)
    if not filters:
        raise ValueError("`filters` must name the channels of at least one level, received none.")
    for name, values in (("latent_dim", [latent_dim]), ("strides", [strides]), ("filters", filters)):
        for value in values:
            check_positive_integer(name, value)
    if residual_blocks < 0:
        raise ValueError(f"`residual_blocks` must be non-negative, received {residual_blocks}.")
    if shortcut not in (False, True, "cosines"):
        raise ValueError(f"`shortcut` must be true, false or 'cosines', received {shortcut!r}.")
    if shortcut == "cosines" and outputs != 1:
        raise ValueError(
            f"A `shortcut` of cosines needs a loss with one number for each value, received {outputs}; "
            "use --set network.shortcut=true."
        )
    style = Style(activation, normalization, dropout, kernel_initializer, l1, l2, dtype)
    layers = _Layers(style, strides, residual_blocks)
    x = keras.Input((None, None, spec.shape[-1]))
    h = x
    for channels in filters:
        h = layers.residual(layers.down(h, channels))
    square = strides ** len(filters)
    start = Cosines() if shortcut == "cosines" else None
    if shortcut:
        straight = layers.straight(keras.layers.Conv2D, square**2 * spec.shape[-1], square, start)
        h = keras.layers.Concatenate(dtype="float32")([straight(x), h])
    encoder = keras.Model(x, h, name=ENCODER)

    code = keras.Input((None, None, latent_dim))
    h = layers.same(code, filters[-1])
    for channels in reversed(filters[:-1]):
        h = layers.up(layers.residual(h), channels)
    # The last layer is float32, because half precision is too coarse for a loss.
    # The convolutions learn what the cosines lack.
    rest = None if start is None else keras.initializers.Zeros()
    last = layers.transposed(spec.shape[-1] * outputs, activation=None, dtype="float32", start=rest)
    image = last(layers.residual(h))
    if shortcut:
        straight = layers.straight(keras.layers.Conv2DTranspose, image.shape[-1], square, start)
        image = keras.layers.Add(dtype="float32")([image, straight(code)])
    decoder = keras.Model(code, image, name=DECODER)
    return Network(*sized(encoder, decoder, spec.shape))


class _Layers:
    """Layers of one style."""

    def __init__(self, style: Style, strides: int, residual_blocks: int) -> None:
        self._style, self._strides, self._blocks = style, strides, residual_blocks
        self._wide = 2 * strides if strides > 1 else 3

    def down(self, h: Any, channels: int) -> Any:
        """Divide height and width by the stride."""
        return self._then(h, self._convolution(channels, self._wide, strides=self._strides))

    def same(self, h: Any, channels: int) -> Any:
        """Convolve at the same size."""
        return self._then(h, self._convolution(channels, 3))

    def up(self, h: Any, channels: int) -> Any:
        """Multiply height and width by the stride."""
        return self._then(h, self.transposed(channels, activation=self._style.inner, dtype=self._style.dtype))

    def transposed(
        self, channels: int, *, activation: str | None, dtype: str, start: Any = None
    ) -> keras.layers.Layer:
        """Return a layer that multiplies height and width by the stride."""
        return keras.layers.Conv2DTranspose(
            channels,
            self._wide,
            strides=self._strides,
            padding="same",
            activation=activation,
            dtype=dtype,
            **self._kernel(start),
        )

    def straight(self, kind: Any, channels: int, square: int, start: Any) -> keras.layers.Layer:
        """Return a linear layer between squares of pixels and places of a map, in float32."""
        return kind(channels, square, strides=square, dtype="float32", **self._kernel(start))

    def residual(self, h: Any) -> Any:
        """Apply the residual blocks of a level."""
        for _ in range(self._blocks):
            inner = self.same(h, h.shape[-1])
            last = self._convolution(h.shape[-1], 3, activation=None, **self._style.branch_end())
            h = keras.layers.Add(dtype=self._style.dtype)([h, last(inner)])
        return h

    def _convolution(self, channels: int, size: int, **more: Any) -> keras.layers.Layer:
        settings = {"activation": self._style.inner, **self._style.kernel(), **more}
        return keras.layers.Conv2D(channels, size, padding="same", dtype=self._style.dtype, **settings)

    def _kernel(self, start: Any) -> dict[str, Any]:
        """Return the arguments of a kernel, with an initialiser of its own if one is given."""
        return self._style.kernel() | ({} if start is None else {"kernel_initializer": start})

    def _then(self, h: Any, layer: keras.layers.Layer) -> Any:
        for part in self._style.block(layer):
            h = part(h)
        return h
