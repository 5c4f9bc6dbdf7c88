"""Preset for small files of photographs."""

from typing import Any

from kerasae.kinds import kind_of
from kerasae.presets._processors import quickest_dtype
from kerasae.spec import Spec

#: Pixels on a side of a square, for which there are as many numbers in the code as values in the square.
_SIDE = 8
#: Smallest and largest step of the rounding, as a share of the range of the pixels.
_STEPS = (0.06, 0.36)


def compressor(spec: Spec) -> dict[str, Any]:
    """A network for images of any size whose codes `kerasae apply compression` stores in few bytes.

    Training begins with the transform of JPEG, the discrete cosine transform of squares of 8 x 8 pixels,
    whose coefficients are the code (`network.shortcut`, `model.code_initializer`). In training each code is
    rounded as a file will hold it (`model.code_steps`), to steps between 0.06 and 0.36 of the range of the
    pixels. The convolutions of the decoder learn to repair what the rounding damaged, and those of the
    encoder to choose what is worth its bits (`rate`). One model serves all qualities from about 0.2 to 1 bit
    a pixel.

    The weight of the penalty follows from the steps. One more nat in each number of the code divides its
    squared error by `e^2`. On average over the steps this saves `7.38 s^2 / 12`, where `s` is the smallest.

    The hidden layers compute in bfloat16 or float32, as in `denoiser`. The default of 8,000 steps takes about
    20 minutes on two cores with matrix units. Train on crops of photographs: `--set data.crop=64`.
    `python -m benchmarks lossy_photographs` measures bits and quality beside JPEG, WebP and PCA.

    Args:
        spec: Spec of the images.

    Raises:
        ValueError: If the examples are not images.

    Reference: Ballé, Laparra and Simoncelli 2017, ICLR (rate and distortion in one loss).
    """
    if not kind_of(spec).is_picture:
        raise ValueError(
            f"The preset 'compressor' needs images, received {kind_of(spec).described}; leave the preset out "
            "and use --model undercomplete."
        )
    return {
        "model.name": "undercomplete",
        "model.code_penalty": {"name": "rate", "weight": 7.38 * _STEPS[0] ** 2 / 12, "step": _STEPS[0]},
        "model.code_steps": [*_STEPS],
        "model.code_initializer": "identity",
        "network.name": "spatial",
        "network.filters": [64, 96, 128],
        "network.residual_blocks": 2,
        "network.shortcut": "cosines",
        "network.latent_dim": _SIDE**2 * spec.shape[2],
        "network.dtype": quickest_dtype(),
        "train.steps": 8000,
        "train.batch_size": 16,
        "train.learning_rate": 5e-4,
        "train.schedule": "cosine",
    }
