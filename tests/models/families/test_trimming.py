"""Trimmed rows: they count with nothing in the loss of a family."""

import numpy as np
import pytest
from keras import ops


def test_trimmed_rows_count_with_none_of_their_features(build, x):
    """Four rows of ten are trimmed, and the others weigh so much that the mean weight stays 1."""
    rows, seed = x[:10], np.array([3, 5], "int32")
    settings = {"corruption": {"name": "masking", "level": 0.4}, "untouched": 0.0, "trim": 0.4}
    model = build("denoising", model=settings)
    loss, outputs = model.objective(rows, None, None, training=True, seed=seed)
    noisy = ops.convert_to_numpy(model.corrupt(rows, True, seed, True))
    square = np.square(ops.convert_to_numpy(outputs) - rows)
    kept = np.argsort(square.sum(axis=(1, 2, 3)))[:6]
    changed = (square * (noisy != rows)).sum(axis=(1, 2, 3))
    assert float(loss) == pytest.approx(changed[kept].mean(), rel=1e-5)
