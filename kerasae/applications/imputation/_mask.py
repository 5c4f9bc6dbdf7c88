"""Masks: which cells of an example are gaps, or are hidden at random."""

from pathlib import Path

import numpy as np
from PIL import Image

from kerasae.data.arrays import read_array_file
from kerasae.kinds import kind_of
from kerasae.spec import Spec


def hide(x: np.ndarray, share: float, rng: np.random.Generator, spec: Spec) -> np.ndarray:
    """Return which cells, `(rows, cells)`, are hidden: each present one with this probability.

    A pixel is hidden in all of its channels.
    """
    present = ~np.isnan(x)
    channels = spec.shape[-1] if kind_of(spec).is_picture else 1
    drawn = rng.random((len(x), x.shape[1] // channels)) < share
    return np.repeat(drawn, channels, axis=1) & present


def hide_often(
    x: np.ndarray, wanted: int, share: float, rng: np.random.Generator, spec: Spec
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Repeat rows up to a number of rows, at most ten times each, and hide other cells each time.

    So every column has hidden cells to learn from even if there are few rows.

    Args:
        x: Rows, `(rows, cells)`.
        wanted: Smallest number of rows, if ten times the rows are that many.
        share: Share of the cells that are hidden, in (0, 1).
        rng: Random generator.
        spec: Description of the examples.

    Returns:
        The repeated rows, which of their cells are hidden, and the number of the row that each one repeats.
    """
    times = min(10, -(-wanted // max(len(x), 1)))
    rows = np.tile(np.arange(len(x)), times)
    x = np.tile(x, (times, 1))
    return x, hide(x, share, rng, spec), rows


def file_mask(path: str, rows: int, spec: Spec) -> np.ndarray:
    """Return the mask in a file for some rows, `(rows, cells)`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the examples are rows of a table, or the mask has another shape.
    """
    if spec.columns:
        raise ValueError("`mask` is for images and vectors, received a table: its gaps are its own.")
    return flat_mask(read_mask(Path(path)), rows, spec)


def read_mask(path: Path) -> np.ndarray:
    """Read a mask from a `.npy` file, or from an image: true where it is not black.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is neither of the two.
    """
    if not path.is_file():
        raise FileNotFoundError(f"Expected a mask, found no file at {path}.")
    if path.suffix.lower() == ".npy":
        mask = read_array_file(path)["x"]
        if mask.dtype.kind not in "biuf":
            raise ValueError(f"`mask` must hold numbers or booleans, received type {mask.dtype} in {path}.")
        return mask.astype(bool)
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L")) > 0
    # Pillow raises several types of errors for a damaged file.
    except Exception:
        raise ValueError(f"`mask` must be a .npy file or an image, received {path}.") from None


def flat_mask(mask: np.ndarray, rows: int, spec: Spec) -> np.ndarray:
    """Return a mask of one example for all of them, or of each, as `(rows, cells)`.

    A mask of images may lack the channels.

    Raises:
        ValueError: If it has another shape.
    """
    mask, shape = np.asarray(mask, bool), spec.shape
    if kind_of(spec).is_picture and mask.shape in (shape[:-1], (rows, *shape[:-1])):
        mask = np.repeat(mask[..., None], shape[-1], axis=-1)
    if mask.shape not in (shape, (rows, *shape)):
        raise ValueError(
            f"`mask` must have the shape of one example, {shape}, or of {rows:,} of them, received "
            f"{mask.shape}."
        )
    return np.broadcast_to(mask, (rows, *shape)).reshape(rows, -1)
