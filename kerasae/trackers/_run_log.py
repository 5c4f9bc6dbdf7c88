"""RunLog: what trackers keep of the run in a folder, while it is trained and afterwards."""

import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae import registry
from kerasae.files import read_json, write_json
from kerasae.keras_classes import Callback
from kerasae.progress import each
from kerasae.runs import Run, Unfinished
from kerasae.trackers._base import Outcome, Tracked, Tracker, TrackingError
from kerasae.trackers._record import TAGS, Record, finite, flat, held_out_figures, send_parts

#: File in the folder of a run that names the trackers, and the run in each of them.
_NOTES = "tracking.json"
#: Files of a run that are logged.
_FILES = ("recipe.json", "history.csv", "metrics.json", "report.html")
#: Shortest time between two calls of a tracker during a training, in seconds.
_PAUSE = 1.0


class RunLog:
    """Log of the run in a folder.

    `tracking.json` in the folder holds under which identity each tracker knows the run, so that a resumed
    training, a later evaluation and an export log into the same one. If a tracker fails during the training,
    a warning says so, and the rest is logged at the end.

    Args:
        trackers: Trackers.
        folder: Folder of the run, which may not exist yet.
        address: Address of the run, if the folder is only its copy, or is stored there later. Defaults to
            `None`.
        anew: Whether to begin a new run in each tracker, although the folder was logged before. Defaults to
            False.
    """

    def __init__(
        self,
        trackers: Sequence[Tracker],
        folder: str | Path,
        address: str | None = None,
        *,
        anew: bool = False,
    ) -> None:
        self.trackers = trackers
        self.folder = Path(folder)
        self.address = address
        self.anew = anew
        self._opened: dict[str, Tracked] = {}
        #: Number of epochs that each tracker has.
        self._sent: dict[str, int] = {}
        self._failed: set[str] = set()

    @property
    def places(self) -> dict[str, str]:
        """Where a user finds the run, by the name of the tracker."""
        return {name: tracked.place for name, tracked in self._opened.items()}

    def callback(self) -> Callback:
        """Return a callback of Keras that logs each epoch of the training in the folder."""
        return _Live(self)

    def begin(self) -> None:
        """Log the parameters of the training in the folder, and its epochs before the checkpoint, if any."""
        unfinished = Unfinished(self.folder)
        parameters = flat(unfinished.recipe.complete().to_dict())
        for tracker in self.trackers:
            try:
                self._open(tracker).parameters(parameters)
            except TrackingError as error:
                self._warn(tracker, error)
        state = unfinished.checkpoint.state()
        # What was not sent when the training was killed is in its checkpoint.
        self.epochs([*enumerate(state["rows"], 1)] if state else [])

    def epochs(self, rows: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Log epochs during a training. Those that a tracker has already are left out.

        Args:
            rows: Number of each epoch from 1, and the terms of the loss.
        """
        for tracker in self.trackers:
            name = tracker.name()
            if name in self._failed or name not in self._opened:
                continue
            new = [(number, finite(terms)) for number, terms in rows if number > self._sent[name]]
            try:
                if new:
                    self._opened[name].epochs(new)
                    self._note(tracker, new[-1][0])
            except TrackingError as error:
                self._warn(tracker, error)

    def finish(self, run: Run, parts: Sequence[Record] = ()) -> None:
        """Log what a finished run holds and was not logged before, and close it.

        Args:
            run: Finished run.
            parts: Further runs that belong to it, such as the trials of a search. Defaults to none.

        Raises:
            TrackingError: If a tracker cannot be reached.
        """
        for tracker in each("logging", self.trackers, lambda tracker: tracker.name()):
            tracked = self._complete(tracker, run)
            send_parts(tracker, tracked, parts)
            tracked.end("finished")

    def bundle(self, run: Run, folder: Path) -> None:
        """Log the bundle of an export, and the run itself where it was not logged before.

        Args:
            run: Finished run.
            folder: Folder of the bundle.

        Raises:
            TrackingError: If a tracker cannot be reached.
        """
        for tracker in each("logging", self.trackers, lambda tracker: tracker.name()):
            tracked = self._open(tracker)
            if not self._sent[tracker.name()]:
                self._complete(tracker, run)
            tracked.bundle(folder)
            tracked.end("finished")

    def end(self, outcome: Outcome) -> None:
        """Close the run of a training that did not end as it should."""
        for tracker in self.trackers:
            try:
                if tracker.name() in self._opened:
                    self._opened[tracker.name()].end(outcome)
            except TrackingError as error:
                self._warn(tracker, error)

    def _complete(self, tracker: Tracker, run: Run) -> Tracked:
        record = record_of(run)
        tracked = self._open(tracker)
        record.send(tracked, after=self._sent[tracker.name()])
        self._note(tracker, len(record.curves))
        return tracked

    def _open(self, tracker: Tracker) -> Tracked:
        name = tracker.name()
        if name not in self._opened:
            note = {} if self.anew else _notes(self.folder).get(name, {})
            identity = note.get("identity")
            tracked = tracker.begin(self.folder.resolve().name, tags=self._tags, identity=identity)
            self._opened[name] = tracked
            self._note(tracker, note["epochs"] if tracked.identity == identity else 0)
        return self._opened[name]

    @property
    def _tags(self) -> dict[str, str]:
        return {**TAGS, "kerasae.folder": self.address or str(self.folder.resolve())}

    def _note(self, tracker: Tracker, epochs: int) -> None:
        """Store where a tracker has the run, and how many of its epochs."""
        name = tracker.name()
        self._sent[name] = epochs
        arguments = {key: getattr(tracker, key) for key in registry.parameters(type(tracker))}
        tracked = self._opened[name]
        note = {"arguments": arguments, "identity": tracked.identity, "epochs": epochs}
        write_json(self.folder / _NOTES, {**_notes(self.folder), name: note})

    def _warn(self, tracker: Tracker, error: TrackingError) -> None:
        if tracker.name() not in self._failed:
            self._failed.add(tracker.name())
            warnings.warn(
                f"The training goes on without {tracker.name()}, and is logged at its end. {error}",
                stacklevel=3,
            )


class _Live(Callback):
    """Callback that logs each epoch. Several quick ones are logged together.

    Args:
        log: Log of the run.
    """

    def __init__(self, log: RunLog) -> None:
        super().__init__()
        self._log = log
        self._waiting: list[tuple[int, Mapping[str, float]]] = []
        self._sent_at = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        self._log.begin()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._waiting.append((epoch + 1, {key: float(value) for key, value in (logs or {}).items()}))
        if time.monotonic() - self._sent_at > _PAUSE:
            self._send()

    def on_train_end(self, logs: Any = None) -> None:
        self._send()

    def _send(self) -> None:
        self._log.epochs(self._waiting)
        self._waiting = []
        self._sent_at = time.monotonic()


def used_in(folder: str | Path) -> list[Tracker]:
    """Return the trackers into which the run in a folder was logged."""
    trackers: list[Tracker] = []
    for name, note in _notes(Path(folder)).items():
        tracker: Tracker = registry.get("tracker", {"name": name, **note["arguments"]})
        tracker.check_installed()
        trackers.append(tracker)
    return trackers


def record_of(run: Run) -> Record:
    """Return what trackers keep of a finished run: recipe, epochs, figures on the test split, and files."""
    training = run.training
    figures = {"seconds": training["seconds"], "best_epoch": training["best_epoch"]}
    if run.metrics_path.is_file():
        for entry in read_json(run.metrics_path)["entries"]:
            figures |= held_out_figures(entry["seeds"][0], entry["name"] if entry["baseline"] else "")
    return Record(
        run.folder.resolve().name,
        run.recipe.to_dict(),
        run.epochs(),
        figures,
        [run.folder / name for name in _FILES],
    )


def _notes(folder: Path) -> dict[str, Any]:
    path = folder / _NOTES
    notes: dict[str, Any] = read_json(path) if path.is_file() else {}
    return notes
