"""kept_of_batch: the examples of a batch that count in a trimmed loss."""

from typing import Any

import tensorflow as tf


def kept_of_batch(losses: Any, trim: float) -> Any:
    """Return weights of mean 1, `(batch,)`, that are 0 for the share `trim` of the largest losses.

    Reference: Rousseeuw 1984, JASA 79 (least trimmed squares), applied to each batch.
    """
    losses = tf.stop_gradient(tf.cast(losses, tf.float32))
    rows = tf.cast(tf.shape(losses)[0], tf.float32)
    kept = tf.maximum(tf.math.ceil((1.0 - trim) * rows - 1e-3), 1.0)
    # A short batch may leave a device without rows, so that there is no largest loss that is kept.
    ordered = tf.concat([tf.sort(losses), [losses.dtype.max]], 0)
    bound = ordered[tf.cast(kept, tf.int32) - 1]
    weights = tf.cast(losses <= bound, tf.float32)
    return weights * rows / tf.reduce_sum(weights)
