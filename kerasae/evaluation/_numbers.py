"""Figures for examples that are arrays of numbers: images and vectors."""

from typing import Any

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.evaluation._measures import Figure, Measures, reconstruct
from kerasae.evaluation.pca import PCA


class NumberMeasures(Measures):
    """Mean errors per feature in `x`, beside PCA of the same size."""

    headline = (
        Figure("error", "test error", True, 5),
        Figure("explained_variance", "explained variance", False, 3),
    )
    judged = ("error",)
    notes = (
        "Test error: mean squared error per feature, in squared units of x (images: grey levels "
        "scaled to [0, 1]), the same rows for all.",
        "Explained variance: against predicting the training mean.",
        "PCA is fitted on the training and the validation rows.",
    )

    def figures(self, codec: Codec, data: Data, split: str) -> dict[str, Any]:
        """`error`, `absolute_error` and `explained_variance`."""
        squared = absolute = spread = 0.0
        for raw, x in data.parts(split):
            difference = x - reconstruct(codec, raw)
            squared += float(np.sum(np.square(difference, dtype="float64")))
            absolute += float(np.sum(np.abs(difference), dtype="float64"))
            spread += float(np.sum(np.square(x - data.mean, dtype="float64")))
        count = len(data.split(split)) * data.spec.size
        return {
            "error": squared / count,
            "absolute_error": absolute / count,
            "explained_variance": 1.0 - squared / spread,
        }

    def baselines(self, latent_dim: int, data: Data) -> dict[str, Codec]:
        """PCA; there are no more components than features or rows, however wide the code."""
        return {"pca": PCA(min(latent_dim, data.spec.size, len(data.train))).fit(data)}

    def exact(self, figures: dict[str, Any], key: str) -> bool:
        """Whether a baseline leaves rounding alone, a share of which says nothing."""
        return bool(1 - figures["explained_variance"] < 1e-6)
