"""Results of a search: the best trial of each code size, the baselines of the same size, and their curve."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from kerasae.tuning.curve import Curve, Point
from kerasae.tuning.objectives import Objective, judged
from kerasae.tuning.trials import Trial, read_rows

from kerasae.baselines import fit_baselines
from kerasae.data import Data, Split
from kerasae.metrics import RowSums, difference


@dataclasses.dataclass(frozen=True)
class BaselineValue:
    """Value of a baseline on the validation split.

    Args:
        title: Title of the baseline in a sentence.
        value: Value of the baseline.
        rows: Contribution of each row to the value. Defaults to `None`: the value is no sum over rows.
    """

    title: str
    value: float
    rows: RowSums | None = None


def baseline_values(sizes: Sequence[int], aim: Objective, data: Data) -> dict[int, dict[str, BaselineValue]]:
    """Return the values of the baselines on the validation split. They are fitted on the training split.

    Args:
        sizes: Code sizes.
        aim: Objective of the search.
        data: Data of the search.

    Returns:
        Values by code size and by name of the baseline.
    """
    nothing = Split(data.train.head(1)[:0])
    training = dataclasses.replace(data, validation=nothing)
    baselines: dict[int, dict[str, BaselineValue]] = {}
    for size in sizes:
        baselines[size] = {}
        for name, codec in fit_baselines(size, training).items():
            values, rows = judged(codec, data, aim.name)
            if aim.figure in values:
                baselines[size][name] = BaselineValue(codec.title, values[aim.figure], rows.get(aim.figure))
    return baselines


def trade_off(
    trials: Sequence[Trial],
    aim: Objective,
    baselines: dict[int, dict[str, BaselineValue]],
    folder: Path | None = None,
    *,
    epochs: int | None = None,
) -> Curve:
    """Return the trade-off curve of a search.

    Args:
        trials: Trials of the search. Those that failed, or would cost too much, are left out.
        aim: Objective of the search.
        baselines: Values of the baselines, as `baseline_values` returns them.
        folder: Folder of the trials, with the contributions of the validation rows. Defaults to `None`: the
            standard errors are unknown.
        epochs: Number of epochs that ended a trial if its loss still fell. Defaults to `None`: their number
            was chosen in advance.
    """
    points = []
    for size in sorted({trial.latent_dim for trial in trials}):
        best = best_of(trials, aim, size)
        if best is not None and aim.figure in best.figures:
            rivals = baselines.get(size, {})
            rows = read_rows(folder, best).get(aim.figure) if folder is not None else None
            errors = {
                name: difference([rows], [rival.rows]).error
                for name, rival in rivals.items()
                # Windows of another length are others.
                if rows is not None and rival.rows is not None and len(rows.totals) == len(rival.rows.totals)
            }
            # A single row has no standard error.
            errors = {name: error for name, error in errors.items() if math.isfinite(error)}
            values = {name: rival.value for name, rival in rivals.items()}
            tried = len(_rated(trials, aim, size))
            cut = epochs if epochs is not None and best.figures.get("epochs") == epochs else 0
            points.append(Point(size, best.figures[aim.figure], best.number, values, errors, tried, cut))
    titles = {name: rival.title for rivals in baselines.values() for name, rival in rivals.items()}
    return Curve(tuple(points), aim.figure_lower, aim.heading, titles)


def best_of(trials: Sequence[Trial], aim: Objective, latent_dim: int | None = None) -> Trial | None:
    """Return the best completed trial. The earlier one wins a tie.

    Args:
        trials: Trials of a search.
        aim: Objective of the search.
        latent_dim: Code size of the trial. Defaults to `None`: any.

    Returns:
        The trial; `None` if none is completed.
    """
    sign = 1.0 if aim.lower else -1.0
    return min(_rated(trials, aim, latent_dim), key=lambda trial: sign * trial.figures[aim.key], default=None)


def _rated(trials: Sequence[Trial], aim: Objective, latent_dim: int | None) -> list[Trial]:
    return [
        trial
        for trial in trials
        if trial.completed and aim.key in trial.figures and latent_dim in (None, trial.latent_dim)
    ]
