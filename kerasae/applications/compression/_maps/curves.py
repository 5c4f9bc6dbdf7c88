"""Rate-distortion curves of images of any size, for the model, PCA of blocks, JPEG and WebP."""

import dataclasses
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from kerasae.applications._any_size import at_shape_of
from kerasae.applications._pictures import pixels
from kerasae.applications.compression._bitstream import MARK
from kerasae.applications.compression._maps.block_pca import BlockPCA
from kerasae.applications.compression._maps.file import Maps, written
from kerasae.applications.compression._maps.images import code_of, from_codes, side
from kerasae.applications.compression._maps.quantiser import MapRanges
from kerasae.applications.compression._references import encoded, header_length
from kerasae.data import Data
from kerasae.models import Autoencoder, unmapped
from kerasae.preprocessing import Preprocessor

#: Bits of the widest channel of the points.
BITS = tuple(np.arange(2.0, 9.01, 0.5).tolist())
#: Qualities of JPEG and WebP.
_QUALITIES = (3, 5, 10, 20, 35, 50, 70, 85, 95)
#: Peak signal-to-noise ratio at which a curve ends, and the gain of a point below which it does, in decibels.
_ENOUGH, _NO_MORE = 45.0, 0.02
#: Largest side of an image in pixels.
_LONGEST = {"JPEG": 65_500, "WEBP": 16_383}
#: Number of rows that decide the steps of PCA.
_ROWS = 500


@dataclasses.dataclass(frozen=True)
class MapPoint:
    """Point of a curve.

    Args:
        rate: Bits per pixel; every byte of the file counts.
        psnr: Peak signal-to-noise ratio in decibels, mean of the images.
        error: Mean squared error, in `x`.
        bare: Bits per pixel without headers and tables; `None` for a file of this application.
    """

    rate: float
    psnr: float
    error: float
    bare: float | None = None


def model_curve(
    model: Autoencoder,
    ranges: MapRanges,
    images: Sequence[np.ndarray],
    data: Data,
    bits: Sequence[float] = BITS,
) -> list[MapPoint]:
    """Return the curve of a model on raw images; all of them are in one file.

    Args:
        model: Model whose code is a map.
        ranges: Ranges of its codes.
        images: Raw images, each `(height, width, channels)`.
        data: Data with the preprocessor of the model.
        bits: Bits of the widest channel of each point. Defaults to 2 to 9 in halves.
    """
    codes = [code_of(model, image) for image in images]

    def decode(maps: Maps) -> list[np.ndarray]:
        made = []
        for code, size in zip(maps.codes, maps.sizes, strict=True):
            out = np.empty((*size, images[0].shape[-1]), "float32")
            made.append(unmapped(model, code, *size, out=out))
        return made

    return _curve(ranges, codes, side(model), decode, images, data, bits)


def block_curve(
    pixels_a_side: int, images: Sequence[np.ndarray], data: Data, bits: Sequence[float] = BITS
) -> list[MapPoint]:
    """Return the curve of PCA of blocks, which the same quantiser and coder store."""
    pca = BlockPCA(pixels_a_side).fit(data)
    training = np.concatenate([x for _, x in data.drawn("train", _ROWS).parts("train")])
    training = pca.mapped(training)
    ranges = MapRanges.of(pca, training.reshape(len(training), -1), pca.numbers)
    codes = [pca.mapped(_to_x(image, data))[0] for image in images]

    def decode(maps: Maps) -> list[np.ndarray]:
        made = []
        for code, size in zip(maps.codes, maps.sizes, strict=True):
            x = pca.decode_map(code[None].astype("float64"), *size).astype("float32")
            made.append(np.asarray(_preprocessor(data, x).inverse(x))[0])
        return made

    return _curve(ranges, codes, pixels_a_side, decode, images, data, bits)


def file_curve(form: str, images: Sequence[np.ndarray], data: Data) -> list[MapPoint]:
    """Return the curve of JPEG or WebP, an own file for each image.

    There is none for other channels, and for an image with a side that the format cannot hold.
    """
    if images[0].shape[-1] not in (1, 3) or max(max(image.shape[:2]) for image in images) > _LONGEST[form]:
        return []
    low, high = limits(data)
    plain = [pixels(image[None], low, high)[0] for image in images]
    plain = [image if image.dtype == np.uint8 else (image >> 8).astype("uint8") for image in plain]
    count = sum(image.shape[0] * image.shape[1] for image in images)
    points = []
    for quality in _QUALITIES:
        contents = [encoded(image, form, quality) for image in plain]
        shown = []
        for content, image in zip(contents, plain, strict=True):
            with Image.open(io.BytesIO(content)) as opened:
                back = np.asarray(opened.convert("L" if image.shape[-1] == 1 else "RGB"), "float32")
            shown.append(back.reshape(image.shape) / 255 * (high - low) + low)
        lengths = [(len(content), len(content) - header_length(content)) for content in contents]
        rate, bare = (8 * sum(part) / count for part in zip(*lengths, strict=True))
        points.append(MapPoint(rate, *_figures(shown, images, data), bare))
    return points


def limits(data: Data) -> tuple[float, float]:
    """Return black and white in raw units."""
    low, high = data.spec.low, data.spec.high
    return (0.0, 1.0) if low is None or high is None else (low, high)


def psnr(made: np.ndarray, image: np.ndarray, data: Data) -> float:
    """Return the peak signal-to-noise ratio of an image in raw units, which is clipped to its range."""
    low, high = limits(data)
    made = np.clip(made.astype("float64"), low, high)
    error = float(np.mean(np.square(made - image.astype("float64"))))
    return float(10 * np.log10((high - low) ** 2 / max(error, 1e-12 * (high - low) ** 2)))


def rate_at(points: Sequence[MapPoint], wanted: float, bare: bool = False) -> float | None:
    """Return the bits per pixel at which a curve reaches a ratio, by interpolation of their logarithm."""
    rates = [point.bare if bare and point.bare is not None else point.rate for point in points]
    return _crossing(np.array([point.psnr for point in points]), np.log(rates), wanted, np.exp)


def psnr_at(points: Sequence[MapPoint], rate: float, bare: bool = False) -> float | None:
    """Return the ratio at a number of bits per pixel, by interpolation; `None` outside the curve."""
    rates = [point.bare if bare and point.bare is not None else point.rate for point in points]
    return _crossing(np.log(rates), np.array([point.psnr for point in points]), float(np.log(rate)), float)


def _crossing(at: np.ndarray, values: np.ndarray, wanted: float, back: Callable[[Any], Any]) -> float | None:
    order = np.argsort(at)
    if not at[order[0]] <= wanted <= at[order[-1]]:
        return None
    return float(back(np.interp(wanted, at[order], values[order])))


def _curve(
    ranges: MapRanges,
    codes: list[np.ndarray],
    pixels_a_side: int,
    decode: Callable[[Maps], list[np.ndarray]],
    images: Sequence[np.ndarray],
    data: Data,
    bits: Sequence[float],
) -> list[MapPoint]:
    sizes = [image.shape[:2] for image in images]
    count = sum(height * width for height, width in sizes)
    points: list[MapPoint] = []
    for each in bits:
        quantiser = ranges.quantiser(each, None)
        shape = tuple(data.spec.shape)
        maps = from_codes(quantiser, codes, sizes, pixels_a_side, shape, bytes(MARK))
        content, _ = written(maps)
        new = MapPoint(8 * len(content) / count, *_figures(decode(maps), images, data))
        flat = len(points) > 4 and new.psnr < points[-1].psnr + _NO_MORE
        points.append(new)
        if flat or new.psnr > _ENOUGH:
            break
    return points


def _figures(made: Sequence[np.ndarray], images: Sequence[np.ndarray], data: Data) -> tuple[float, float]:
    """Return the mean ratio of the images, and the mean squared error of `x`."""
    ratios = [psnr(one, image, data) for one, image in zip(made, images, strict=True)]
    squares = [
        np.square(_to_x(one, data) - _to_x(image, data)) for one, image in zip(made, images, strict=True)
    ]
    return float(np.mean(ratios)), float(sum(s.sum() for s in squares) / sum(s.size for s in squares))


def _to_x(image: np.ndarray, data: Data) -> np.ndarray:
    return np.asarray(_preprocessor(data, image[None]).to_x(image[None]))


def _preprocessor(data: Data, images: np.ndarray) -> Preprocessor:
    """Return the preprocessor for images of this size."""
    if data.preprocessor is None:
        raise ValueError("Expected data with the preprocessor of a model, received none.")
    return at_shape_of(data.preprocessor, images)
