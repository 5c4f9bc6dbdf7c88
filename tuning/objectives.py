"""What a search can be for, by name, and what a trial is judged by."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras_tuner

from kerasae.codec import Codec
from kerasae.data import Data, has_label
from kerasae.evaluation import RowSums
from kerasae.evaluation.detection import anomaly_auroc
from kerasae.evaluation.metrics import measures, probe_accuracy
from kerasae.registry import did_you_mean

#: Of the cost in `cost`: Tan et al. 2019, *MnasNet*, equation 2, with a soft constraint.
_COST_EXPONENT = 0.07


@dataclasses.dataclass(frozen=True)
class Objective:
    """What trials are compared by, and what the trade-off curve shows.

    Args:
        name: on the command line.
        key: of the figure that trials are compared by.
        lower: whether lower is better.
        figure: key of what the curve shows: the same, or where a baseline has none the first figure
            of an evaluation.
        figure_lower: whether lower is better there.
        heading: of the curve's axis.
    """

    name: str
    key: str
    lower: bool
    figure: str
    figure_lower: bool
    heading: str

    @property
    def tuned(self) -> keras_tuner.Objective:
        """For KerasTuner."""
        return keras_tuner.Objective(self.key, "min" if self.lower else "max")


def objective(name: str, data: Data) -> Objective:
    """The objective of a name, for the kind of these data.

    `reconstruction`: the reconstruction term of the loss, in its unit per example. `error`: the first
    figure of an evaluation, which means the same whatever the loss: mean squared error for numbers,
    the share of tokens rebuilt for texts. `probe_accuracy`: of a linear classifier from codes to
    labels. `auroc`: of reconstruction errors against labels of which the rarer are anomalies. `cost`:
    `error * parameters ** 0.07`. All on the validation split.

    Raises:
        ValueError: for an unknown name, or data without the labels that it needs.
    """
    judged = _judged(data)
    shown = {
        "figure": f"val_{judged.key}",
        "figure_lower": bool(judged.lower),
        "heading": judged.heading.replace("test", "validation"),
    }
    known = {
        "reconstruction": Objective("reconstruction", "val_reconstruction", True, **shown),
        "error": Objective("error", f"val_{judged.key}", bool(judged.lower), **shown),
        "cost": Objective("cost", "val_cost", True, **shown),
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
    if name == "probe_accuracy" and labels is None:
        raise ValueError(
            "Expected labels for the objective 'probe_accuracy'; name their column with --labels."
        )
    return known[name]


def judged(codec: Codec, data: Data, name: str) -> tuple[dict[str, float], dict[str, RowSums]]:
    """The figures of a codec on the validation split that have a number, and what each row adds to them.

    The keys have `val_` in front. Rows are known of figures that decide a comparison.

    Args:
        codec: a trained model, or a baseline.
        data: with a validation split.
        name: of the objective: a probe is not trained where nobody asks for it.
    """
    found: dict[str, Any]
    found, rows = measures(data).measured(codec, data, "validation")
    if name in _MORE:
        found = {**found, name: _MORE[name](codec, data, found)}
    figures = {f"val_{key}": float(value) for key, value in found.items() if isinstance(value, int | float)}
    return figures, {f"val_{key}": one for key, one in rows.items()}


def _cost(codec: Any, data: Data, found: dict[str, Any]) -> float:
    judged = _judged(data)
    value = found[judged.key]
    error = value if judged.lower else 1.0 - value
    return float(error * codec.count_params() ** _COST_EXPONENT)


#: Figures that are worked out where an objective asks for them.
_MORE: dict[str, Callable[[Any, Data, dict[str, Any]], float | None]] = {
    "probe_accuracy": lambda codec, data, _: probe_accuracy(codec, data, "validation"),
    "auroc": lambda codec, data, _: anomaly_auroc(codec, data, "validation"),
    "cost": _cost,
}


def _judged(data: Data) -> Any:
    """The first figure that decides a comparison and that these data have."""
    kind = measures(data)
    if data.spec.columns and not any(column.is_numeric for column in data.spec.features):
        key = kind.judged[-1]
    else:
        key = kind.judged[0]
    return next(figure for figure in kind.headline if figure.key == key)
