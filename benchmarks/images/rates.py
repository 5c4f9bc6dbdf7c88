"""Rate and distortion of photographs: curves of a model, of PCA of blocks, of JPEG and of WebP.

The central 176 x 176 pixels of each photograph are compressed. Model and PCA of 8 x 8 blocks use the entropy
coder of `kerasae apply compression`, with all images in one file of which every byte counts. Each image is a
JPEG and a WebP file of its own. Headers and tables are most of so small a JPEG; without them it is the
reference of `shares`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

#: Bits a pixel of the reference at which curves are compared.
RATES = (0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
#: Pixels on a side of the part of a photograph, a multiple of the squares of the model, of PCA and of JPEG.
SIDE = 176
#: Settings beside those of the preset `compressor`.
SETTINGS: dict[str, Any] = {
    "data.crop": 64,
    "data.validation": 0.1,
    "data.calibration": 0.0,
    "data.test": 0.1,
}


def images_of(data: Any, split: str, side: int = SIDE) -> list[np.ndarray]:
    """Return the central squares of the photographs of a split, each `(side, side, channels)`."""
    return [central(image, side) for chunk in data.split(split).whole().chunks() for image in chunk]


def central(image: np.ndarray, side: int) -> np.ndarray:
    """Return the central square of an image."""
    row, column = ((length - side) // 2 for length in image.shape[:2])
    return image[row : row + side, column : column + side]


def model_curve(model: Any, data: Any, images: Sequence[np.ndarray]) -> list[Any]:
    """Return the curve of a model whose code is a map.

    Args:
        model: Model.
        data: Data that it was trained on.
        images: Raw images.
    """
    from kerasae.applications.compression._maps import curves
    from kerasae.applications.compression._maps.quantiser import MapRanges
    from kerasae.applications.compression._measuring import fitted_codes

    ranges = MapRanges.of(model, fitted_codes(model, data), model.code_shape[-1])
    return curves.model_curve(model, ranges, images, data)


def block_curve(data: Any, images: Sequence[np.ndarray]) -> list[Any]:
    """Return the curve of PCA of 8 x 8 blocks, fitted on the training split."""
    from kerasae.applications.compression._maps import curves

    return curves.block_curve(8, images, data)


def file_curve(form: str, data: Any, images: Sequence[np.ndarray]) -> list[Any]:
    """Return the curve of `"JPEG"` or `"WEBP"`."""
    from kerasae.applications.compression._maps import curves

    return curves.file_curve(form, images, data)


def shares(curve: Sequence[Any], reference: Sequence[Any], bare: bool = False) -> dict[float, float]:
    """Return the bits of a curve as a share of those of the reference without headers, at equal PSNR.

    Args:
        curve: Curve.
        reference: Curve of JPEG.
        bare: Whether headers of the curve do not count either. Defaults to False.

    Returns:
        Shares by the bits a pixel of the reference. A rate is missing if one of the curves does not reach it.
    """
    from kerasae.applications.compression._maps.curves import psnr_at, rate_at

    found = {}
    for rate in RATES:
        psnr = psnr_at(reference, rate, bare=True)
        bits = None if psnr is None else rate_at(curve, psnr, bare=bare)
        if bits is not None:
            found[rate] = bits / rate
    return found
