"""NormalScores: maps each number to the quantile of a normal variable that is as rare."""

from typing import Any, Self

import keras
import numpy as np
from keras import ops
from scipy.special import ndtri

from kerasae.keras_classes import Layer

#: Largest number of numbers in the table of knots, and smallest number of knots of a feature.
_MOST, _FEWEST = 2**14, 8


@keras.saving.register_keras_serializable(package="kerasae")
class NormalScores(Layer):
    """Increasing map of each feature to a standard normal variable, by its ranks in the training rows.

    The map of a value is `Phi^-1(F(value))`, where `F` is the distribution function of the training rows; a
    value that several rows share has the middle of its step. Two values are then as far apart as the rows
    between them are many. So a skewed column, a column with a few distinct values and a column with extreme
    values have comparable distances. Between `knots` values, evenly spaced in the result, the map is linear.
    If a feature has at most that many distinct values, the map is exact on all of them. Beyond the training
    rows it goes on with the slope `beyond`.

    Args:
        knots: Number of knots of each feature. With more than 512 features there are fewer, at least 8.
            Defaults to 32.
        beyond: Slope beyond the training rows, in units of the result per unit of the input. Defaults to
            0.3.

    Call arguments:
        inputs: Numbers of shape `(batch, features)`.

    Returns:
        A tensor of the same shape.

    Reference: van der Waerden 1952, *Indagationes Mathematicae* 14; Conover 1999, *Practical Nonparametric
    Statistics*, section 5.10.
    """

    def __init__(self, knots: int = 32, *, beyond: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(knots, bool) or not isinstance(knots, int) or knots < 2:
            raise ValueError(f"`knots` must be an integer of at least 2, received {knots!r}.")
        if isinstance(beyond, bool) or not isinstance(beyond, int | float) or beyond < 0:
            raise ValueError(f"`beyond` must be a non-negative number, received {beyond!r}.")
        self.knots = knots
        self.beyond = beyond

    def build(self, input_shape: Any) -> None:
        features = input_shape[-1]
        intervals = min(self.knots, max(_FEWEST, _MOST // features)) - 1

        def weight(name: str, *shape: int) -> Any:
            return self.add_weight(shape=shape, trainable=False, name=name, initializer="zeros")

        self.starts = weight("starts", features, intervals)
        self.inverse_widths = weight("inverse_widths", features, intervals)
        self.steps = weight("steps", features, intervals)
        self.lowest = weight("lowest", features)
        self.ends = weight("ends", 2, features)
        super().build(input_shape)

    def adapt(self, rows: np.ndarray) -> Self:
        """Fit the map to training rows, `(rows, features)`."""
        if not self.built:
            self.build(rows.shape)
        starts, inverse, steps = (np.zeros(self.starts.shape) for _ in range(3))
        knots = [_knots(column, self.starts.shape[1] + 1) for column in np.asarray(rows, "float64").T]
        for number, (values, scores) in enumerate(knots):
            widths = np.diff(values)
            starts[number, : len(widths)] = values[:-1]
            inverse[number, : len(widths)] = 1.0 / widths
            steps[number, : len(widths)] = np.diff(scores)
        self.starts.assign(starts)
        self.inverse_widths.assign(inverse)
        self.steps.assign(steps)
        self.lowest.assign([scores[0] for _, scores in knots])
        self.ends.assign(np.transpose([values[[0, -1]] for values, _ in knots]))
        return self

    def call(self, inputs: Any) -> Any:
        # A sum of clipped ramps does not cancel, however steep one of them is.
        share = ops.clip((inputs[:, :, None] - self.starts) * self.inverse_widths, 0.0, 1.0)
        inside = self.lowest + ops.sum(share * self.steps, axis=-1)
        above = ops.relu(inputs - self.ends[1])
        below = ops.relu(self.ends[0] - inputs)
        return inside + self.beyond * (above - below)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "knots": self.knots, "beyond": self.beyond}


def _knots(column: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `most` values of a column, in ascending order, and their normal scores."""
    # The map is computed in float32, so values that this type does not distinguish are one value.
    values, counts = np.unique(column.astype("float32"), return_counts=True)
    rows = counts.sum()
    scores = ndtri(np.clip((np.cumsum(counts) - 0.5 * counts) / rows, 0.5 / rows, 1 - 0.5 / rows))
    if len(values) > most:
        chosen = np.searchsorted(scores, np.linspace(scores[0], scores[-1], most))
        chosen = np.unique(np.minimum(chosen, len(scores) - 1))
        values, scores = values[chosen], scores[chosen]
    return values.astype("float64"), scores
