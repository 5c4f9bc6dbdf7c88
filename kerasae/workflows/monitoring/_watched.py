"""WatchedRun: a run whose detector scores the rows that are watched."""

import dataclasses
import math
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from kerasae.applications import AnomalyDetector, is_kept
from kerasae.data import Examples, read_examples
from kerasae.kinds import kind_of
from kerasae.metrics import holds_numbers
from kerasae.report import as_text
from kerasae.runs import Run
from kerasae.thresholds import Threshold


@dataclasses.dataclass(frozen=True)
class Observed:
    """What is compared of some rows.

    Args:
        scores: Anomaly scores, `(rows,)`.
        columns: Quantities of the rows, as `Kind.watched` gives them.
    """

    scores: pd.Series
    columns: pd.DataFrame


class WatchedRun:
    """Run with a stored detector.

    Args:
        run: Run.
        detector: Detector of the run.
    """

    def __init__(self, run: Run, detector: AnomalyDetector) -> None:
        self._run, self._detector = run, detector
        self._spec = run.model.spec
        self._preprocessor: Any = run.model.preprocessor

    @classmethod
    def open(cls, run: Run | str | Path) -> "WatchedRun":
        """Open a run and its detector.

        Raises:
            FileNotFoundError: If there is no run, or no detector in it.
        """
        run = run if isinstance(run, Run) else Run.open(run)
        place = run.application_folder("anomaly")
        if not is_kept(place):
            raise FileNotFoundError(
                f"Expected a detector in {run.folder}, found none; `kerasae apply anomaly {run.folder} --out "
                "FOLDER` fits and stores it."
            )
        return cls(run, AnomalyDetector.load(place, run.model))

    @property
    def threshold(self) -> Threshold:
        """Threshold of the detector."""
        return cast(Threshold, self._detector.fitted_threshold_)

    def read(self, source: str) -> tuple[str, Observed]:
        """Read rows, as for `load_data`; return their name, and what is compared of them."""
        title, examples = read_examples(source, self._run.recipe.data, self._spec)
        return title, self._observed(examples)

    def calibration(self) -> tuple[str, Observed]:
        """Return the same for the calibration rows of the run."""
        data = self._run.data
        rows = self._detector.calibration_rows(data)
        return f"{len(rows):,} calibration rows of {data.name}", self._observed(rows)

    def _observed(self, examples: Examples) -> Observed:
        kind, scores, columns = kind_of(self._spec), [], []
        for raw in examples.chunks():
            scores.append(self._detector.score_samples(raw))
            x = np.asarray(self._preprocessor.to_x(raw) if self._preprocessor is not None else raw)
            columns.append(kind.watched(raw, x))
        return Observed(pd.Series(np.concatenate(scores)), pd.concat(columns, ignore_index=True))

    def words(self, name: str, reference: pd.DataFrame, new: pd.DataFrame) -> str:
        """Return how a column has moved, as a part of a sentence.

        Args:
            name: Name of the column, or of its missing entries, as in `Shift`.
            reference: Quantities of the reference rows.
            new: Quantities of the new rows.
        """
        if name not in reference:
            gaps = [frame[name.removesuffix(" (missing)")].isna().mean() for frame in (reference, new)]
            return f"missing in {gaps[1]:.1%}, {gaps[0]:.1%} before"
        before, after = reference[name].dropna(), new[name].dropna()
        if not holds_numbers(before):
            shares = [values.value_counts(normalize=True) for values in (before, after)]
            change = shares[1].sub(shares[0], fill_value=0.0)
            category = change.abs().idxmax()
            old, now = (share.get(category, 0.0) for share in shares)
            return f"{category} in {now:.1%}, {old:.1%} before"
        spread = float(before.quantile(0.75) - before.quantile(0.25))
        medians = before.median(), after.median()
        words = f"median {self._as_text(name, medians[1])}, {self._as_text(name, medians[0])} before"
        moved = (medians[1] - medians[0]) / spread if spread > 0 else 0.0
        if abs(moved) >= 0.05:
            words += f" ({moved:+.1f} interquartile ranges)"
        return words

    def _as_text(self, name: str, value: float) -> str:
        names = [column.name for column in self._spec.features]
        if name not in names:
            return as_text(value)
        # Numbers and dates of a table are in units of x.
        x = np.full((2, len(names)), np.nan, "float32")
        x[:, names.index(name)] = value, value + 1.0
        restored = self._preprocessor.restore(x)[name]
        if isinstance(restored.iloc[0], float) and (unit := abs(restored.iloc[1] - restored.iloc[0])):
            # float32 makes -5e-9 of 0.
            return as_text(round(restored.iloc[0], 5 - math.floor(math.log10(unit))) + 0.0)
        return as_text(restored.iloc[0])
