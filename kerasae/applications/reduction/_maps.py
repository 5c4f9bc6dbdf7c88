"""Maps of codes in two dimensions."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.manifold import TSNE

from kerasae.extras import import_extra
from kerasae.report import figures


def _components(codes: np.ndarray, seed: int) -> np.ndarray:
    """Return the first two principal components, or the code itself if it has two numbers."""
    return figures.two_dimensions(codes)[0]


def _tsne(codes: np.ndarray, seed: int) -> np.ndarray:
    perplexity = min(30.0, (len(codes) - 1) / 3)
    # PCA gives two initial components only for a code of two numbers or more.
    init: Any = "pca" if codes.shape[1] > 1 else "random"
    return TSNE(perplexity=perplexity, init=init, random_state=seed).fit_transform(codes)


def _umap(codes: np.ndarray, seed: int) -> np.ndarray:
    umap = import_extra("umap", "umap", "`map='umap'`", package="umap-learn")
    near = min(15, len(codes) - 1)
    # The spectral initialization needs clearly more rows than dimensions.
    init = "spectral" if len(codes) > 10 else "random"
    return umap.UMAP(n_neighbors=near, init=init, random_state=seed, n_jobs=1).fit_transform(codes)


#: Functions from codes, `(rows, latent_dim)`, and a seed to positions, `(rows, 2)`.
MAPS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "code": _components,
    "tsne": _tsne,
    "umap": _umap,
}
