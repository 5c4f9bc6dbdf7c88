"""image_lines: images in lines on one pair of axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

#: Share of a cell between two images.
_GAP = 0.05


def image_lines(
    place: Any,
    lines: Sequence[tuple[str, np.ndarray | Sequence[np.ndarray]]],
    *,
    low: float = 0.0,
    high: float = 1.0,
    fontsize: float = 9,
) -> None:
    """Draw images in lines, each line with its name at the left.

    All images lie on the same axes, in square cells: with axes for each image Matplotlib takes ten times as
    long.

    Args:
        place: Axes of Matplotlib.
        lines: Name and images, each `(height, width, channels)`, of each line. Images may have several sizes,
            and a line may have fewer of them.
        low: Number that is black. Defaults to 0.
        high: Number that is white. All images share one scale, so that a pixel that is too dark looks too
            dark. Defaults to 1.
        fontsize: Size of the names in points. Defaults to 9.
    """
    for row, (_, images) in enumerate(lines):
        for column, image in enumerate(images):
            height, width = (side * (1 - _GAP) / (2 * max(image.shape[:2])) for side in image.shape[:2])
            x, y = column + 0.5, row + 0.5
            shown = np.clip((np.asarray(image, "float64") - low) / (high - low), 0.0, 1.0)
            place.imshow(
                shown if image.shape[-1] in (3, 4) else shown[..., 0],
                cmap="gray",
                vmin=0,
                vmax=1,
                extent=(x - width, x + width, y + height, y - height),
            )
    count = max(len(images) for _, images in lines)
    place.set(xlim=(0, count), ylim=(len(lines), 0), xticks=[], aspect="equal")
    place.set_yticks(np.arange(len(lines)) + 0.5, [name for name, _ in lines], fontsize=fontsize)
    place.tick_params(length=0)
    place.spines[:].set_visible(False)
