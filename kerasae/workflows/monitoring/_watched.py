"""Watched: a detector that scores the rows that are watched."""

import abc
import dataclasses
import math
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from kerasae.applications import AnomalyDetector, is_kept
from kerasae.data import Examples, read_examples
from kerasae.export.scoring import Scorer, UnreadableError, examples, find_file, first_precision
from kerasae.kinds import kind_of
from kerasae.metrics import holds_numbers
from kerasae.remote import copied, fetched
from kerasae.report import as_text
from kerasae.runs import Run
from kerasae.spec import Spec
from kerasae.thresholds import Threshold
from kerasae.thresholds.conformal import ConformalThreshold


@dataclasses.dataclass(frozen=True)
class Observed:
    """What is compared of some rows. The windows of a log are thinned, so that no two share a reading.

    Args:
        scores: Anomaly scores, `(rows,)`.
        columns: Quantities of the rows, as `Kind.watched` gives them.
    """

    scores: pd.Series
    columns: pd.DataFrame


class Watched(abc.ABC):
    """Detector with its threshold. Abstract.

    Attributes:
        spec: Fitted spec of the rows.
        threshold: Threshold of the detector.
    """

    spec: Spec
    threshold: Threshold

    @abc.abstractmethod
    def read(self, source: str) -> tuple[str, Observed]:
        """Read rows; return their name, and what is compared of them."""

    @abc.abstractmethod
    def calibration(self) -> tuple[str, Observed]:
        """Return the same for the calibration rows.

        Raises:
            FileNotFoundError: If they are gone.
            ValueError: If they are not kept, or the detector was calibrated again by other rows.
        """

    @abc.abstractmethod
    def restored(self, column: int, value: float) -> Any:
        """Return a number of a column of a table, as `Kind.watched` gives it, in units of the user."""

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
        names = [column.name for column in self.spec.features]
        return as_text(self.restored(names.index(name), value) if name in names else value)


class WatchedRun(Watched):
    """Run with a stored detector.

    Args:
        run: Run.
        detector: Detector of the run.
    """

    def __init__(self, run: Run, detector: AnomalyDetector) -> None:
        self._run, self._detector = run, detector
        self.spec = run.model.spec
        self.threshold = cast(Threshold, detector.fitted_threshold_)
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

    def read(self, source: str) -> tuple[str, Observed]:
        title, examples = read_examples(source, self._run.recipe.data, self.spec)
        return title, self._observed(examples)

    def calibration(self) -> tuple[str, Observed]:
        if self._detector.elsewhere_:
            raise ValueError(
                f"Expected rows to compare with, because `kerasae calibrate` has set the threshold of the "
                f"detector in {self._run.folder} by rows that the run does not hold; name those rows with "
                "--reference."
            )
        data = self._run.data
        if not len(data.calibration):
            raise ValueError(
                f"Expected rows to compare with, received a run without calibration rows in "
                f"{self._run.folder}; name rows with --reference."
            )
        observed = self._observed(self._detector.calibration_rows(data))
        return f"{len(observed.scores):,} calibration rows of {data.name}", observed

    def _observed(self, examples: Examples) -> Observed:
        kind, scores, columns = kind_of(self.spec), [], []
        if examples.block > 1:
            examples = examples.rows(np.arange(0, len(examples), examples.block))
        for raw in examples.chunks():
            scores.append(self._detector.score_samples(raw))
            x = np.asarray(self._preprocessor.to_x(raw) if self._preprocessor is not None else raw)
            columns.append(kind.watched(raw, x))
        return Observed(pd.Series(np.concatenate(scores)), pd.concat(columns, ignore_index=True))

    def restored(self, column: int, value: float) -> Any:
        x = np.full((2, len(self.spec.features)), np.nan, "float32")
        x[:, column] = value, value + 1.0
        restored = self._preprocessor.restore(x)[self.spec.features[column].name]
        if isinstance(restored.iloc[0], float) and (unit := abs(restored.iloc[1] - restored.iloc[0])):
            # float32 makes -5e-9 of 0.
            return round(restored.iloc[0], 5 - math.floor(math.log10(unit))) + 0.0
        return restored.iloc[0]


class WatchedBundle(Watched):
    """Bundle of an export, whose file for devices in float32 scores, or else in its first precision.

    Args:
        scorer: Scorer of the file.
        folder: Folder of the bundle, for error messages.

    Raises:
        ValueError: If the bundle has no detector with a promised rate of false alarms.
    """

    def __init__(self, scorer: Scorer, folder: Path) -> None:
        self._scorer, self._folder = scorer, folder
        self.spec = scorer.spec
        facts = scorer.facts.get("detector") or {}
        if not facts.get("false_alarms") or not facts.get("calibration_rows"):
            raise ValueError(
                f"Expected a bundle with a detector and its rate of false alarms in {folder}, received one "
                "without; `kerasae apply anomaly` fits one for the next export, `kerasae calibrate` sets the "
                "rate."
            )
        self.threshold = ConformalThreshold.fitted(
            facts["threshold"],
            facts["calibration_rows"],
            facts["false_alarms"],
            facts.get("calibration_block", 1),
        )

    @classmethod
    def open(cls, folder: Path) -> "WatchedBundle":
        """Open a bundle. The errors are those of `first_precision`, and of the class."""
        return cls(Scorer(find_file(folder, first_precision(folder))), folder)

    def read(self, source: str) -> tuple[str, Observed]:
        kind = kind_of(self.spec)
        scores: list[float] = []
        columns = []
        for batch in examples(source, self.spec, self._scorer.feed, apart=True, crops=self._scorer.crops):
            if isinstance(batch, UnreadableError):
                raise batch
            raw = batch[1]
            scores += [float(outputs["score"][0]) for outputs in self._scorer.raw_answers(raw)]
            columns.append(kind.watched(raw, self._scorer.feed(raw)["x"]))
        if not scores:
            raise ValueError(f"Expected at least one row in {source}, received none.")
        return copied(source).stem, Observed(pd.Series(scores), pd.concat(columns, ignore_index=True))

    def calibration(self) -> tuple[str, Observed]:
        raise ValueError(
            f"Expected rows to compare with, because the bundle {self._folder} does not hold its calibration "
            "rows; name normal rows with --reference."
        )

    def restored(self, column: int, value: float) -> Any:
        return self._scorer.feed.raw_value(column, value)


def watched_by(folder: Run | str | Path) -> Watched:
    """Return what a run or a bundle watches with.

    Raises:
        FileNotFoundError: If there is neither, or no detector in the run.
        ValueError: If the bundle has no detector, or was changed.
    """
    place = folder if isinstance(folder, Run) else fetched(folder)
    if isinstance(place, Run) or not (place / "manifest.json").is_file():
        return WatchedRun.open(folder)
    return WatchedBundle.open(place)
