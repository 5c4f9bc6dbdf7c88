"""Sizes: images of a run in another height and width."""

import numpy as np


def at_size_of(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return images in another size: cut at the end, or continued by their mirror image.

    Args:
        images: Images, `(rows, height, width, channels)`.
        height: Wanted height in pixels.
        width: Wanted width in pixels.
    """
    more = [max(0, wanted - size) for wanted, size in zip((height, width), images.shape[1:3], strict=True)]
    return np.pad(images, [(0, 0), *((0, end) for end in more), (0, 0)], "symmetric")[:, :height, :width]
