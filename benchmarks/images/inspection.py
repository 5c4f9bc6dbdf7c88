"""Inspection of textures: the preset `inspector` beside PCA of patches and nearest patches.

    python -m benchmarks.images.inspection [--texture weave] [--seed 0] [--steps N]

prints the AUROC by pixel and by image of each method, on images with planted defects.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.feature_extraction.image import extract_patches_2d
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from kerasae import train
from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly._accounts import account_of
from kerasae.workflows import make_recipe

from .textures import SIDE, TEXTURES, Inspected, inspected

#: Pixels on a side of a patch, and number of patches of good images that the baselines learn from.
_PATCH, _PATCHES = 8, 20_000


def aurocs(heat: np.ndarray, images: Inspected) -> tuple[float, float]:
    """Return the AUROC by pixel and by image, whose score is the highest heat.

    Args:
        heat: Heat of the test images, `(rows, side, side)`.
        images: Images with their masks.
    """
    by_pixel = roc_auc_score(images.masks.ravel(), heat.ravel())
    return float(by_pixel), float(roc_auc_score(images.truth, heat.max(axis=(1, 2))))


def inspector(images: Inspected, settings: dict[str, Any], seed: int, score: Any = None) -> np.ndarray:
    """Return the heat of the preset `inspector`, `(rows, side, side)`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "good.npy"
        np.save(path, images.good)
        recipe = make_recipe(str(path), {"train.seed": seed, **settings}, preset="inspector")
        data = recipe.load()
        data = recipe.prepare(data)
        model = recipe.build(data)
        train(model, data, **recipe.train)
        detector = AnomalyDetector(model, score=score or recipe.apply["anomaly"]["score"])
        # A map needs no threshold, for which small sets have too few rows.
        detector.fit_score(data)
        test = images.test[..., None]
        parts = [
            np.asarray(detector.detector_.maps(account_of(model, data.spec, test[i : i + 16]))["heat"])
            for i in range(0, len(test), 16)
        ]
    return np.concatenate(parts)


def pca_of_patches(images: Inspected, seed: int) -> np.ndarray:
    """Return the error of a PCA of patches of 8 x 8 pixels with 90 % of the variance, by pixel."""
    model = PCA(0.9, random_state=seed).fit(_drawn(images.good, seed))
    return _by_pixel(
        images.test, lambda rows: np.square(rows - model.inverse_transform(model.transform(rows)))
    )


def nearest_patches(images: Inspected, seed: int) -> np.ndarray:
    """Return the squared distance from the nearest patch of 20,000 good ones, by pixel."""
    model = NearestNeighbors(n_neighbors=1).fit(_drawn(images.good, seed))

    def distances(rows: np.ndarray) -> np.ndarray:
        return np.square(model.kneighbors(rows)[0]) * np.ones((1, rows.shape[1]))

    return _by_pixel(images.test, distances)


def _drawn(images: np.ndarray, seed: int) -> np.ndarray:
    """Return patches from random places, `(patches, pixels)`."""
    each = -(-_PATCHES // len(images))
    parts = [
        extract_patches_2d(image, (_PATCH, _PATCH), max_patches=each, random_state=seed + row)
        for row, image in enumerate(images)
    ]
    return np.concatenate(parts).reshape(-1, _PATCH**2).astype("float32")


def _corners(side: int) -> list[int]:
    return [*range(0, side - _PATCH, 4), side - _PATCH]


def _by_pixel(images: np.ndarray, errors: Any) -> np.ndarray:
    """Return the mean error over all patches that hold a pixel, from patches four pixels apart."""

    def heats() -> Iterator[np.ndarray]:
        for image in images.astype("float32"):
            corners = _corners(len(image))
            places = [np.s_[i : i + _PATCH, j : j + _PATCH] for i in corners for j in corners]
            rows = np.stack([image[place].ravel() for place in places])
            total, count = np.zeros(image.shape), np.zeros(image.shape)
            for place, error in zip(places, errors(rows), strict=True):
                total[place] += error.reshape(_PATCH, _PATCH)
                count[place] += 1
            yield total / count

    return np.stack([*heats()])


def measured(
    texture: str, seed: int, settings: dict[str, Any], side: int = SIDE, good: int = 200, test: int = 80
) -> dict[str, tuple[float, float]]:
    """Return the AUROC by pixel and by image of each method."""
    images = inspected(texture, seed, good, test, side)
    return {
        "inspector": aurocs(inspector(images, settings, seed), images),
        "PCA of patches": aurocs(pca_of_patches(images, seed), images),
        "nearest patches": aurocs(nearest_patches(images, seed), images),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texture", choices=[*TEXTURES], help="Only this texture. [default: all]")
    parser.add_argument("--seed", type=int, default=0, help="Seed of images and training. [default: 0]")
    parser.add_argument("--steps", type=int, help="Steps of the training. [default: those of the preset]")
    given = parser.parse_args()
    settings = {} if given.steps is None else {"train.steps": given.steps}
    print(f"{'texture':8} {'method':16} {'pixel AUROC':>11} {'image AUROC':>11}")
    for texture in [given.texture] if given.texture else TEXTURES:
        for method, (by_pixel, by_image) in measured(texture, given.seed, settings).items():
            print(f"{texture:8} {method:16} {by_pixel:11.3f} {by_image:11.3f}", flush=True)


if __name__ == "__main__":
    main()
