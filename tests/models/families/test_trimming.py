"""Trimmed rows: they count with nothing in the loss of a family."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerasae.models._training.trimming import kept_of_batch


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


def test_a_device_that_has_no_row_adds_no_nan(build, x):
    assert kept_of_batch(tf.zeros((0,)), 0.25).shape == (0,)
    settings = {"corruption": {"name": "masking", "level": 0.4}, "untouched": 0.5, "trim": 0.4}
    model = build("denoising", model=settings)
    with tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"]).scope():
        signature = [tf.TensorSpec((None, 8, 8, 1))]
        loss = tf.function(lambda rows: model.objective(rows, None, None, training=True)[0], signature)
        assert float(loss(x[:0])) == 0
