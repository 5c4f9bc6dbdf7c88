"""calibrate: a new threshold for a bundle or a run, from fresh normal rows."""

from pathlib import Path

from kerasae.applications import AnomalyDetector, is_kept
from kerasae.applications.anomaly.recalibration import recalibrate
from kerasae.data import read_examples
from kerasae.export import Calibrated, calibrate_bundle, check_rows
from kerasae.kinds import kind_of
from kerasae.progress import work
from kerasae.remote import is_address
from kerasae.runs import Run


def calibrate(folder: str | Path, source: str | Path, *, false_alarms: float | None = None) -> Calibrated:
    """Set the threshold of a detector again from fresh normal rows, without training. No weight moves.

    The threshold is conformal: of new normal rows like these, at most the share `false_alarms` is flagged on
    average. Windows of a log that share readings count as blocks; where they are too few for the rate, it is
    estimated, as `ConformalThreshold` describes. The p-values count these rows, too. In a bundle each
    artifact is calibrated by the scores that it computes itself, and its answers are proved again.

    Args:
        folder: Folder of a bundle (`kerasae export`), or of a run whose detector `kerasae apply anomaly` has
            stored.
        source: Fresh normal rows: for a bundle as `kerasae score` reads them, for a run as `kerasae apply`
            does.
        false_alarms: Share of new normal rows that may be flagged, in (0, 1). It needs at least `1 /
            false_alarms - 1` rows, and windows of a log two blocks. Defaults to `None`, 0.02 for windows of
            a log and 0.05 for other rows.

    Raises:
        FileNotFoundError: If there is no such bundle or run, or no detector in it.
        ValueError: If there are too few rows, or an artifact cannot be calibrated. Nothing is written.

    Example:
        >>> from kerasae.workflows import calibrate
        >>> calibrate("ship", "site.csv", false_alarms=0.01).thresholds
        {'edge/pumps_float32.tflite': (14.2, 19.6)}
    """
    if is_address(folder):
        raise ValueError(
            f"Expected a folder of this machine, which is changed, received the address {folder}; copy it "
            "here, calibrate the copy, and copy it back."
        )
    root = Path(folder)
    if (root / "recipe.json").is_file():
        return _calibrate_run(Run.open(root), str(source), false_alarms)
    return calibrate_bundle(root, source, false_alarms=false_alarms)


def _calibrate_run(run: Run, source: str, false_alarms: float | None) -> Calibrated:
    place = run.application_folder("anomaly")
    if not is_kept(place):
        raise FileNotFoundError(
            f"Expected a detector in {run.folder}, found none; `kerasae apply anomaly` fits and stores one."
        )
    with work("calibrate"):
        return _recalibrated(run, place, source, false_alarms)


def _recalibrated(run: Run, place: Path, source: str, false_alarms: float | None) -> Calibrated:
    detector = AnomalyDetector.load(place, run.model)
    former = detector.threshold_
    _, rows = read_examples(source, run.recipe.data, run.model.spec)
    rate = kind_of(run.model.spec).false_alarms if false_alarms is None else false_alarms
    check_rows(len(rows), rate, rows.block)
    recalibrate(detector, rows, rate)
    detector.save(place)
    return Calibrated(run.folder, len(rows), rate, {"run": (detector.threshold_, former)}, rows.block)
