"""Textures with planted defects and their masks: weave, grain and print, made by NumPy and SciPy alone."""

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy import ndimage

#: Pixels on a side of an image.
SIDE = 128
#: Smallest and largest side of a defect in pixels.
SMALLEST, LARGEST = 6, 28


@dataclasses.dataclass(frozen=True)
class Inspected:
    """Images of a texture with and without defects.

    Args:
        good: Images without a defect, `(rows, side, side)`, uint8.
        test: Images to inspect, one half without a defect.
        masks: Whether a pixel of `test` belongs to a defect, `(rows, side, side)`, bool.
    """

    good: np.ndarray
    test: np.ndarray
    masks: np.ndarray

    @property
    def truth(self) -> np.ndarray:
        """Whether an image of `test` has a defect, `(rows,)`, bool."""
        return self.masks.any(axis=(1, 2))


def inspected(texture: str, seed: int = 0, good: int = 200, test: int = 80, side: int = SIDE) -> Inspected:
    """Return images of a texture. One half of the test images have a defect, of each sort equally many.

    Args:
        texture: Name in `TEXTURES`.
        seed: Seed of all random numbers. Defaults to 0.
        good: Number of images without a defect that a detector may use. Defaults to 200.
        test: Number of test images. Defaults to 80.
        side: Pixels on a side. Defaults to 128.
    """
    rng = np.random.default_rng([seed, sorted(TEXTURES).index(texture)])
    make = TEXTURES[texture]
    images = np.stack([make(rng, side) for _ in range(good + test)])
    masks = np.zeros((test, side, side), bool)
    sorts = [*DEFECTS.values()]
    for row in range(test // 2):
        image = images[good + row]
        masks[row] = sorts[row % len(sorts)](rng, image, make)
    whole = np.clip(np.rint(images), 0, 255).astype("uint8")
    return Inspected(whole[:good], whole[good:], masks)


# Textures --------------------------------------------------------------------------------------------


def _noisy(rng: np.random.Generator, image: np.ndarray, deviation: float) -> np.ndarray:
    return image + rng.normal(0, deviation, image.shape)


def weave(rng: np.random.Generator, side: int) -> np.ndarray:
    """A cloth of two threads at right angles, slightly turned, with threads of unequal brightness."""
    down, right = np.mgrid[:side, :side].astype(float)
    angle = rng.normal(0, 0.03)
    u = np.cos(angle) * right + np.sin(angle) * down + rng.uniform(0, 16)
    v = np.cos(angle) * down - np.sin(angle) * right + rng.uniform(0, 16)
    over = (np.floor(u / 8) + np.floor(v / 8)) % 2 < 1
    across, along = np.sin(np.pi * (u % 8) / 8), np.sin(np.pi * (v % 8) / 8)
    bright = 8 * rng.normal(size=(2, side))
    threads = np.where(over, 90 + 90 * across, 70 + 90 * along)
    uneven = np.where(over, bright[0][(u // 8).astype(int) % side], bright[1][(v // 8).astype(int) % side])
    return _noisy(rng, threads + uneven, 5.0)


def grain(rng: np.random.Generator, side: int) -> np.ndarray:
    """A wood-like surface: noise that is long in one direction and short in the other."""
    coarse = ndimage.gaussian_filter(rng.normal(size=(side, side)), (12, 1.5), mode="wrap")
    fine = ndimage.gaussian_filter(rng.normal(size=(side, side)), (5, 0.7), mode="wrap")
    return _noisy(rng, 130 + 22 * coarse / coarse.std() + 10 * fine / fine.std(), 4.0)


def printed(rng: np.random.Generator, side: int) -> np.ndarray:
    """A printed label: dots on a grid and a frame, always the same but for a shift of up to two pixels."""
    down, right = np.mgrid[:side, :side].astype(float) - rng.integers(-2, 3, size=(2, 1, 1))
    image = np.full((side, side), 210.0)
    image[np.hypot((right % 16) - 8, (down % 16) - 8) < 4.5] = 60
    image[(np.abs(down - side // 2) < 5) & (right > 12) & (right < side - 12)] = 100
    edge = np.maximum(np.abs(down - side / 2), np.abs(right - side / 2))
    image[(edge > side / 2 - 10) & (edge < side / 2 - 7)] = 40
    return _noisy(rng, ndimage.gaussian_filter(image, 0.8) + rng.normal(0, 4), 5.0)


# Defects ---------------------------------------------------------------------------------------------

#: Function that plants a defect in an image, and returns its mask.
Defect = Callable[
    [np.random.Generator, np.ndarray, Callable[[np.random.Generator, int], np.ndarray]], np.ndarray
]


def _side(rng: np.random.Generator, image: np.ndarray) -> float:
    return float(np.exp(rng.uniform(np.log(SMALLEST), np.log(min(LARGEST, len(image) / 3)))))


def _place(rng: np.random.Generator, image: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of the pixels from a random centre that is not at the edge."""
    margin = length / 2 + 1
    centre = rng.uniform(margin, len(image) - margin, 2)
    down, right = np.mgrid[: len(image), : len(image)].astype(float)
    return down - centre[0], right - centre[1]


def scratch(rng: np.random.Generator, image: np.ndarray, make: object) -> np.ndarray:
    """A line of 2 to 3 pixels in width, brighter or darker than what lies below."""
    length = 2 * _side(rng, image)
    down, right = _place(rng, image, length)
    angle = rng.uniform(0, np.pi)
    along, across = np.cos(angle) * down + np.sin(angle) * right, np.cos(angle) * right - np.sin(angle) * down
    mask = (np.abs(along) < length / 2) & (np.abs(across) < rng.uniform(1.0, 1.5))
    image[mask] += rng.choice([-1, 1]) * rng.uniform(60, 100)
    return mask


def hole(rng: np.random.Generator, image: np.ndarray, make: object) -> np.ndarray:
    """A dark spot."""
    side = _side(rng, image)
    down, right = _place(rng, image, side)
    mask = np.hypot(down, right * rng.uniform(0.7, 1.4)) < side / 2
    image[mask] = rng.uniform(5, 40) + rng.normal(0, 4, mask.sum())
    return mask


def stain(rng: np.random.Generator, image: np.ndarray, make: object) -> np.ndarray:
    """A spot with a soft edge, through which the texture can be seen."""
    side = 1.5 * _side(rng, image)
    down, right = _place(rng, image, side)
    depth = np.clip(1.5 - 3 * np.hypot(down, right) / side, 0, 1)
    image += rng.choice([-1, 1]) * rng.uniform(50, 80) * depth
    return depth > 0.2


def misprint(
    rng: np.random.Generator, image: np.ndarray, make: Callable[[np.random.Generator, int], np.ndarray]
) -> np.ndarray:
    """A square of another image of the texture, turned by a right angle and moved."""
    side = int(1.3 * _side(rng, image))
    down, right = rng.integers(0, len(image) - side, 2)
    other = np.rot90(np.roll(make(rng, len(image)), (8, 5), (0, 1)))
    part = np.s_[down : down + side, right : right + side]
    image[part] = other[part]
    mask = np.zeros(image.shape, bool)
    mask[part] = True
    return mask


TEXTURES = {"grain": grain, "print": printed, "weave": weave}
DEFECTS: dict[str, Defect] = {"scratch": scratch, "hole": hole, "stain": stain, "misprint": misprint}
