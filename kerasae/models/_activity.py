"""Metrics of a code: the fractions of active and of dead units."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasae")
class ActiveFraction(keras.metrics.Mean):
    """Mean fraction of units that are active on an example, from 0 and 1 of shape `(batch, units)`."""


@keras.saving.register_keras_serializable(package="kerasae")
class DeadFraction(keras.metrics.Metric):
    """Fraction of units that were active on no example since the last reset.

    Args:
        units: Number of units of the code.
    """

    def __init__(self, units: int, name: str = "dead", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.units = units
        # The metric stores counts, because the values of replicas are summed.
        self.counts = self.add_variable((units,), initializer="zeros", name="counts")

    def update_state(self, y_true: Any, y_pred: Any = None, sample_weight: Any = None) -> None:
        self.counts.assign_add(ops.sum(y_true, axis=0))

    def result(self) -> Any:
        return ops.mean(ops.cast(ops.convert_to_tensor(self.counts) == 0, "float32"))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
