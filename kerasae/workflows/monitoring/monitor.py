"""monitor: compare new rows with the calibration rows of a detector, as files and as a line of a history."""

import datetime
import json
from pathlib import Path

from kerasae.files import alone, check_local, unnumbered, write_json, write_text
from kerasae.metrics import Shift, corrected, shift_of
from kerasae.progress import work
from kerasae.runs import Run
from kerasae.workflows.monitoring._page import page_of
from kerasae.workflows.monitoring._watched import Observed, Watched, watched_by
from kerasae.workflows.monitoring.monitored import FORMAT, Monitored, Movement

#: File of the history, with one line of JSON for each call.
HISTORY = "history.jsonl"


def monitor(
    folder: Run | str | Path,
    source: str,
    out: str | Path,
    *,
    reference: str | None = None,
    significance: float = 0.01,
    smallest: float = 0.1,
) -> Monitored:
    """Compare new rows with the rows on which the detector of a run or a bundle was calibrated.

    Three questions are answered. Have the scores moved? Which columns have moved, and how? Is the promised
    rate of false alarms still credible, or are more rows flagged than so many normal rows explain? All
    p-values are corrected together, so without any drift the probability of an alarm is at most
    `significance`. The tests take the rows to be independent. The windows of a log are thinned, so that no
    two of them share a reading; if a log wanders for longer than a window, an alarm still comes too soon.

    `drift.json` and `report.html` in `out` are replaced, and `history.jsonl` grows by a line.

    Args:
        folder: Run, or its folder, or the folder of a bundle. `kerasae apply anomaly` must have stored a
            detector in the run, before the export for a bundle. A file for devices of the bundle scores, that
            in float32 if there is one.
        source: New rows: for a run as for `load_data`, for a bundle as for `kerasae score`.
        out: Folder of the monitor. It is made if it does not exist, and used again by later calls.
        reference: Rows to compare with. Defaults to `None`, the calibration rows of the run, for which its
            data must still be there. A bundle needs some, and so does a run after `kerasae calibrate`: the
            rows by which it was calibrated.
        significance: Largest probability of an alarm without drift, in (0, 1). Defaults to 0.01.
        smallest: Smallest distance of two distributions that counts as drift, in [0, 1). With many rows a
            difference without any importance is significant. Defaults to 0.1.

    Raises:
        FileExistsError: If `out` holds other files than those of a monitor, or another monitor writes it.
        FileNotFoundError: If there is no run or bundle, no detector in it, or the data of the run are gone.
        ValueError: If an argument is out of range, `out` is an address, the rows are of another kind, or
            `reference` is needed.
    """
    if isinstance(significance, bool) or not 0 < significance < 1:
        raise ValueError(f"`significance` must be in (0, 1), received {significance!r}.")
    if isinstance(smallest, bool) or not 0 <= smallest < 1:
        raise ValueError(f"`smallest` must be in [0, 1), received {smallest!r}.")
    check_local(out)
    place = Path(out)
    _check(place)
    watched = watched_by(folder)
    with work("monitor", total=3) as monitoring:
        monitoring.step("scoring the new rows")
        title, new = watched.read(source)
        monitoring.step("scoring the reference rows")
        base_title, base = watched.calibration() if reference is None else watched.read(reference)
        monitoring.step("comparing")
        monitored = _compare(watched, base, new, (title, base_title), (significance, smallest))
    place.mkdir(parents=True, exist_ok=True)
    # A path such as `.` has no name.
    whole = place.resolve()
    with alone(whole.with_name(f".{whole.name}.lock"), place):
        # The history is the first file, by which a later call knows the folder if this one is killed.
        (place / HISTORY).touch()
        history = [*_history(place), monitored.line()]
        write_json(place / "drift.json", monitored.to_dict())
        write_text(place / "report.html", page_of(monitored, base, new, history))
        # The line is written last: it stands for a call whose other files are there.
        write_text(place / HISTORY, "".join(f"{json.dumps(line)}\n" for line in history))
    return monitored


def _compare(
    watched: Watched, base: Observed, new: Observed, titles: tuple[str, str], limits: tuple[float, float]
) -> Monitored:
    scores = shift_of("score", base.scores, new.scores)
    columns = [
        shift for name in base.columns for shift in shift_of(name, base.columns[name], new.columns[name])
    ]
    threshold = watched.threshold
    rows = len(new.scores)
    flagged = int((new.scores > threshold.threshold_).sum())
    promised = threshold.above_ / max(threshold.rows_, 1)
    rate = Shift(
        "false alarms",
        "beta-binomial",
        abs(flagged / rows - promised),
        threshold.excess_p_value(flagged, rows, block=1),
    )
    all_shifts = corrected([*scores, *columns, rate])
    moved = [
        Movement(shift, watched.words(shift.name, base.columns, new.columns))
        for shift in all_shifts[len(scores) : -1]
    ]
    return Monitored(
        title=titles[0],
        reference=titles[1],
        time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        rows=rows,
        reference_rows=len(base.scores),
        flagged=flagged,
        flagged_range=threshold.count_range(rows, block=1),
        threshold=threshold.threshold_,
        false_alarms=getattr(threshold, "false_alarms", None),
        scores=all_shifts[0] if scores else None,
        rate=all_shifts[-1],
        columns=sorted(moved, key=lambda one: (one.shift.adjusted, -one.shift.distance)),
        significance=limits[0],
        smallest=limits[1],
    )


def _check(folder: Path) -> None:
    """Raise FileExistsError if the folder exists and is not that of a monitor."""
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / HISTORY).exists())
    ):
        raise FileExistsError(
            f"Expected a new folder or that of a monitor for --out, received {folder}, which holds other "
            "files; choose another."
        )


def _history(folder: Path) -> list[dict[str, object]]:
    path = folder / HISTORY
    if not path.is_file():
        return []
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except ValueError:
        raise ValueError(f"Expected lines of JSON in {path}, received a damaged file; restore it.") from None
    for line in lines:
        unnumbered(line, FORMAT, path)
    return lines
