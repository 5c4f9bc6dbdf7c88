"""Preset for a restorer of photographs."""

from typing import Any

from kerasae.kinds import kind_of
from kerasae.presets._processors import quickest_dtype
from kerasae.spec import Spec

#: Numbers of the code for each value of a square of 2 x 2 pixels: the image itself takes one of them.
_WIDTH = 16


def denoiser(spec: Spec) -> dict[str, Any]:
    """A network for images of any size that removes noise of any strength up to a level.

    The noise has a standard deviation between a hundredth and a fifth of the range of the pixels (2.5 to 51
    of 255), at random for each crop. `--set model.corruption.name=gaussian --set model.corruption.level=0.1`
    trains for one known strength instead, which is a few tenths of a dB better at this strength. Pairs of
    real noisy images and clean ones (source `photos`) train without added noise.

    The model is a restorer and no compressor. Its code holds 16 numbers for each value of an image, and a
    linear path leads round the convolutions (`network.shortcut`, `model.code_initializer`): before training
    it returns an image as it is, and the other layers learn only what is to be removed. There are ten
    residual blocks at half the size of the image, five on each side of the code.

    The hidden layers compute in bfloat16 on GPUs and on processors with matrix units for it (AMX), and in
    float32 on others, where bfloat16 is slow. With the default of 12,000 steps a training takes about 25
    minutes on two cores with matrix units, and 26,000 steps take an hour; on two cores without them it takes
    five times as long. There 4,200 steps take an hour, and reach 30.1 dB on Set12 with noise of 25 of 255,
    where BM3D has 29.97 dB (`python -m benchmarks photographs`).

    Args:
        spec: Spec of the images.

    Raises:
        ValueError: If the examples are not images.

    Reference: Zhang, Zuo, Chen, Meng and Zhang 2017, *IEEE TIP* 26(7) (a range of strengths, a residual
    path); Lim, Son, Kim, Nah and Lee 2017, CVPR Workshops (residual blocks without normalisation).
    """
    if not kind_of(spec).is_picture:
        raise ValueError(
            f"The preset 'denoiser' needs images, received {kind_of(spec).described}; leave the preset out "
            "and use --model denoising."
        )
    return {
        "model.name": "denoising",
        "model.corruption": {"name": "multiscale_gaussian", "level": 0.2},
        "model.code_initializer": "identity",
        "network.name": "spatial",
        "network.filters": [64],
        "network.residual_blocks": 5,
        "network.shortcut": "cosines",
        "network.latent_dim": 4 * _WIDTH * spec.shape[2],
        "network.dtype": quickest_dtype(),
        "train.steps": 12_000,
        "train.batch_size": 16,
        "train.learning_rate": 2e-3,
        "train.schedule": "cosine",
    }
