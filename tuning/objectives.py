"""Objectives of a search, by name, and the figures of a trial."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras_tuner

from kerasae.codec import Codec, HasParameters
from kerasae.data import Data, has_label
from kerasae.metrics import RowSums
from kerasae.metrics.detection import anomaly_auroc
from kerasae.metrics.evaluation import has_classes, probe_accuracy
from kerasae.metrics.measures import measures_of
from kerasae.registry import did_you_mean

#: Exponent of the cost in `cost`: Tan et al. 2019, *MnasNet*, equation 2, with a soft constraint.
_COST_EXPONENT = 0.07


@dataclasses.dataclass(frozen=True)
class Objective:
    """Figure by which trials are compared, and figure that the trade-off curve shows.

    Args:
        name: Name of the objective on the command line.
        key: Key of the figure by which trials are compared.
        lower: Whether a lower `key` is better.
        figure: Key of the figure that the curve shows: `key`, or the first figure of an evaluation if
            baselines have no `key`.
        figure_lower: Whether a lower `figure` is better.
        heading: Heading of the axis of the curve.
    """

    name: str
    key: str
    lower: bool
    figure: str
    figure_lower: bool
    heading: str

    @property
    def tuned(self) -> keras_tuner.Objective:
        """Objective of KerasTuner."""
        return keras_tuner.Objective(self.key, "min" if self.lower else "max")


def objective(name: str, data: Data) -> Objective:
    """Return the objective of a name, for the kind of these data. All are figures of the validation split.

    - `reconstruction`: Reconstruction term of the loss, in its unit per example.
    - `error`: First figure of an evaluation, which means the same whatever the loss: mean squared error for
      numbers, the share of tokens rebuilt for texts.
    - `probe_accuracy`: Accuracy of a linear classifier from codes to labels.
    - `auroc`: Area under the ROC curve of reconstruction errors, where the rarer label marks anomalies.
    - `cost`: `error * parameters ** 0.07`.

    Raises:
        ValueError: For an unknown name, or data without the labels that it needs.
    """
    main = measures_of(data.spec).main(data.spec)
    lower = bool(main.lower)
    shown = (f"val_{main.key}", lower, main.heading.replace("test", "validation"))
    known = {
        "reconstruction": Objective("reconstruction", "val_reconstruction", True, *shown),
        "error": Objective("error", f"val_{main.key}", lower, *shown),
        "cost": Objective("cost", "val_cost", True, *shown),
        **{
            key: Objective(key, f"val_{key}", False, f"val_{key}", False, heading)
            for key, heading in (("probe_accuracy", "probe accuracy"), ("auroc", "AUROC"))
        },
    }
    if name not in known:
        raise ValueError(f"Unknown objective {name!r}; {did_you_mean(name, [*known])}")
    labels = data.validation.labels
    kinds = 0 if labels is None else len(set(labels[has_label(labels)].tolist()))
    if name == "auroc" and kinds != 2:
        raise ValueError(
            f"Expected labels of two kinds in the validation split for the objective 'auroc', received "
            f"{kinds}; name their column with --labels."
        )
    if name == "probe_accuracy" and not has_classes(data, "validation"):
        raise ValueError(
            "Expected labels of a few classes, which are no quantities, for the objective 'probe_accuracy'; "
            "name their column with --labels."
        )
    return known[name]


def judged(codec: Codec, data: Data, name: str) -> tuple[dict[str, float], dict[str, RowSums]]:
    """Return the figures of a codec on the validation split, and the contributions of the rows to them.

    The keys begin with `val_`. Contributions are known for the figures that decide a comparison; windows that
    share readings contribute as one row for each block.

    Args:
        codec: Trained model or baseline.
        data: Data with a validation split.
        name: Name of the objective. Figures that take long, such as `probe_accuracy`, are computed only if
            they are the objective.
    """
    values: dict[str, Any]
    values, rows = measures_of(data.spec).measured(codec, data, "validation")
    if name in _MORE:
        values = {**values, name: _MORE[name](codec, data, values)}
    figures = {f"val_{key}": float(value) for key, value in values.items() if isinstance(value, int | float)}
    block = data.validation.block
    return figures, {f"val_{key}": sums.by_block(block) for key, sums in rows.items()}


def _cost(codec: Any, data: Data, figures: dict[str, Any]) -> float | None:
    main = measures_of(data.spec).main(data.spec)
    value = figures[main.key]
    if value is None or not isinstance(codec, HasParameters):
        return None
    error = value if main.lower else 1.0 - value
    return float(error * codec.count_params() ** _COST_EXPONENT)


#: Figures that are worked out where an objective asks for them.
_MORE: dict[str, Callable[[Any, Data, dict[str, Any]], float | None]] = {
    "probe_accuracy": lambda codec, data, _: probe_accuracy(codec, data, "validation"),
    "auroc": lambda codec, data, _: anomaly_auroc(codec, data, "validation"),
    "cost": _cost,
}
