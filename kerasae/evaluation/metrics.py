"""evaluate: one dict of figures for any codec."""

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kerasae.codec import Codec
from kerasae.data import Data


def reconstruct(codec: Codec, raw: np.ndarray, batch_size: int = 2048) -> np.ndarray:
    """Reconstructions of `x`, `(rows, ...)`, before any rounding to the raw type."""
    codes = codec.transform(raw)
    parts = [
        np.asarray(codec.decode(codes[start : start + batch_size]))
        for start in range(0, len(codes), batch_size)
    ]
    return np.concatenate(parts)


def evaluate(codec: Codec, data: Data, split: str = "test") -> dict[str, Any]:
    """What a codec does on a split that it was not trained on.

    Args:
        codec: an autoencoder, PCA, or a loaded artifact.
        data: with the preprocessor in whose `x` errors are measured.
        split: which rows.

    Returns:
        `error`, the mean squared error per feature, in squared units of `x`; `absolute_error`, in
        units of `x`; `explained_variance`, 1 minus the squared error over that of the training
        mean; `probe_accuracy`, of a logistic regression from standardised codes to labels, fitted
        on the training split (`None` without labels); `latent_dim`; `parameters`; `rows`.
    """
    raw = data.split(split)
    x = data.x(split)
    reconstruction = reconstruct(codec, raw.examples)
    error = float(np.mean(np.square(x - reconstruction, dtype="float64")))
    spread = float(np.mean(np.square(x - data.x("train").mean(axis=0), dtype="float64")))
    count = getattr(codec, "count_params", None)
    return {
        "error": error,
        "absolute_error": float(np.mean(np.abs(x - reconstruction), dtype="float64")),
        "explained_variance": 1.0 - error / spread,
        "probe_accuracy": probe_accuracy(codec, data, split),
        "latent_dim": codec.latent_dim,
        "parameters": None if count is None else int(count()),
        "rows": len(raw),
    }


def probe_accuracy(codec: Codec, data: Data, split: str = "test", most: int = 10_000) -> float | None:
    """Accuracy of a linear classifier on the codes, or `None` where there are no class labels.

    Args:
        codec: whose codes.
        data: with labels in the training split and in `split`.
        split: which rows are judged.
        most: training rows that the classifier sees, the first ones.
    """
    train, judged = data.train, data.split(split)
    if train.labels is None or judged.labels is None:
        return None
    labels = train.labels[:most]
    if labels.dtype.kind == "f" or not 1 < len(np.unique(labels)) <= max(2, len(labels) // 2):
        return None
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probe.fit(codec.transform(train.examples[:most]), labels)
    return float(probe.score(codec.transform(judged.examples), judged.labels))
