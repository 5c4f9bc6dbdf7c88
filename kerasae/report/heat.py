"""Heat maps over images: pictures whose colours say how a place compares with the threshold."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from kerasae.report.canvas import Canvas
from kerasae.report.image_lines import image_lines

#: Highest number of the scale, in thresholds.
HIGHEST_SHOWN = 2.0
_COLOURS = "YlOrRd"
#: Largest share of the colour of the heat in a pixel.
_OPACITY = 0.75
#: Rows of pixels that are coloured at a time.
_STRIP = 256


def overlay(image: np.ndarray, heat: np.ndarray, limit: float) -> np.ndarray:
    """Return an image in grey with its heat in colour, `(height, width, 3)`, in [0, 1].

    The colours go from 0 to twice the threshold. A pixel far below the threshold keeps its grey.

    Args:
        image: Image, `(height, width, channels)`, in [0, 1]. A fourth channel is left out.
        heat: Heat of its pixels, `(height, width)`, not negative.
        limit: Threshold, positive.
    """
    grey = image[..., :3].mean(axis=-1, keepdims=True)
    ratio = np.clip(heat / limit, 0.0, HIGHEST_SHOWN)[..., None]
    share = _OPACITY * np.minimum(ratio, 1.0) ** 2
    colours = colormaps[_COLOURS](ratio[..., 0] / HIGHEST_SHOWN)[..., :3]
    return np.asarray((1.0 - share) * grey + share * colours)


def heat_picture(image: np.ndarray, heat: np.ndarray, limit: float) -> np.ndarray:
    """Return `overlay` with a bar of the scale at its right, `(height, wider, 3)`, uint8.

    The bar goes from 0 at the bottom to twice the threshold at the top, with a white line at the threshold.

    Args:
        image: As for `overlay`.
        heat: As for `overlay`.
        limit: As for `overlay`.
    """
    height, width = heat.shape
    bar = np.repeat(colormaps[_COLOURS](np.linspace(1.0, 0.0, height))[:, None, :3], max(3, width // 16), 1)
    bar[(height - 1) // 2] = 1.0
    picture = np.full((height, width + max(1, width // 64) + bar.shape[1], 3), 255, "uint8")
    picture[:, -bar.shape[1] :] = np.rint(255 * bar)
    # A large image at once would take a hundred times its memory.
    for start in range(0, height, _STRIP):
        strip = slice(start, start + _STRIP)
        picture[strip, :width] = np.rint(255 * overlay(image[strip], heat[strip], limit))
    return picture


def heat_figure(
    originals: Sequence[np.ndarray], rebuilt: Sequence[np.ndarray], heats: Sequence[np.ndarray], limit: float
) -> Canvas:
    """Draw images, their reconstructions, and their heat over the images, in three rows.

    Args:
        originals: Images, each `(height, width, channels)`, in [0, 1].
        rebuilt: Reconstructions of the same shapes.
        heats: Heat maps, each `(height, width)`, not negative.
        limit: Threshold, positive.
    """
    count, cell = len(originals), 1.1
    figure = Canvas(figsize=(1.0 + cell * count + 0.9, 1.12 * cell * 3), dpi=110, layout="compressed")
    place = figure.subplots()
    warm = [overlay(image, heat, limit) for image, heat in zip(originals, heats, strict=True)]
    image_lines(place, [("image", originals), ("rebuilt", rebuilt), ("heat", warm)])
    scale = ScalarMappable(Normalize(0.0, HIGHEST_SHOWN), colormaps[_COLOURS])
    bar = figure.colorbar(scale, ax=place, fraction=0.05)
    bar.set_label("heat / threshold", fontsize=8)
    return figure
