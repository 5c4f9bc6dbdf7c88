"""Points: places the examples where their distances are comparable between features."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from kerasae.keras_classes import Layer
from kerasae.layers import NormalScores

#: Largest number of indicators of a category; all later categories share the last one.
_MOST = 64
#: Mean squared distance in one feature between two training rows: that of a standardised number, twice.
_SPREAD = 4.0
#: Largest squared distance between two different categories.
_FURTHEST = 16.0


@keras.saving.register_keras_serializable(package="kerasae")
class Points(Layer):
    """Examples as points: numbers twice, as they are and as normal scores, and categories as indicators.

    Standardised numbers know how far apart two values are, and normal scores know how many rows lie between
    them. A distance over both sees a value outside the range and a value in a gap. The indicators of a
    category put two different values at a squared distance of `4 / q`, at most 16, where `q` is the share of
    pairs of training rows that differ. Two random rows are then as far apart in a category as in a number.

    Args:
        categories: Number of categories of each feature, 0 for a number.

    Call arguments:
        inputs: Examples as a network sees them, `(batch, features)`.

    Returns:
        The points, `(batch, dimensions)`.
    """

    def __init__(self, categories: Sequence[int], **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.categories = [min(int(count), _MOST) for count in categories]
        self._numbers = [feature for feature, count in enumerate(self.categories) if not count]
        self._coded = [feature for feature, count in enumerate(self.categories) if count]
        #: Feature of each dimension, `(dimensions,)`.
        self.owners = np.array(
            [
                *self._numbers,
                *self._numbers,
                *(feature for feature in self._coded for _ in range(self.categories[feature])),
            ],
            "int32",
        )
        self.normal_scores: Any = NormalScores(dtype="float32") if self._numbers else None

    def build(self, input_shape: Any) -> None:
        if self.normal_scores is not None:
            self.normal_scores.build((None, len(self._numbers)))
        self.heights = self.add_weight(
            shape=(len(self._coded),), trainable=False, name="heights", initializer="ones"
        )
        super().build(input_shape)

    def adapt(self, rows: np.ndarray) -> Self:
        """Fit the points to training rows, `(rows, features)`."""
        if not self.built:
            self.build(rows.shape)
        if self.normal_scores is not None:
            self.normal_scores.adapt(rows[:, self._numbers])
        heights = []
        for feature in self._coded:
            shares = np.unique(rows[:, feature], return_counts=True)[1] / len(rows)
            differing = 1.0 - np.square(shares).sum()
            # Two indicators change between two different values.
            heights.append(np.sqrt(0.5 * min(_FURTHEST, _SPREAD / max(differing, 1e-6))))
        self.heights.assign(np.array(heights, "float32"))
        return self

    def call(self, inputs: Any) -> Any:
        parts = []
        if self.normal_scores is not None:
            numbers = inputs if not self._coded else ops.take(inputs, np.array(self._numbers), axis=1)
            parts += [numbers, self.normal_scores(numbers)]
        for place, feature in enumerate(self._coded):
            count = self.categories[feature]
            # The reference kernels of TFLite have no rounding.
            code = ops.clip(ops.floor(inputs[:, feature : feature + 1] + 0.5), 0, count - 1)
            same = ops.equal(code, np.arange(count, dtype="float32"))
            parts.append(ops.cast(same, inputs.dtype) * self.heights[place])
        return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=1)

    def by_feature(self, values: Any) -> Any:
        """Sum values of the dimensions, `(batch, dimensions)`, over those of each feature."""
        return ops.matmul(values, np.eye(len(self.categories), dtype="float32")[self.owners])

    def by_dimension(self, values: Any) -> Any:
        """Repeat values of the features, `(batch, features)`, for each of their dimensions."""
        return ops.take(values, self.owners, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], len(self.owners))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "categories": self.categories}
