"""What a workflow logs into trackers, and where a user finds it."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kerasae.keras_classes import Callback
from kerasae.runs import Run
from kerasae.trackers import RunLog, Tracker, TrackingError, check_trackers, used_in


@dataclasses.dataclass(frozen=True)
class Logging:
    """Logging of one run; nothing is done without trackers.

    Args:
        log: Log of the run; `None` without trackers.
    """

    log: RunLog | None

    @property
    def callbacks(self) -> list[Callback]:
        """Callbacks that log each epoch."""
        return [] if self.log is None else [self.log.callback()]

    @property
    def places(self) -> Mapping[str, str]:
        """Where a user finds the run, by the name of the tracker."""
        return {} if self.log is None else self.log.places

    def finish(self, run: Run) -> None:
        """Log the finished run.

        Raises:
            TrackingError: If a tracker cannot be reached. The message says how to log the run later.
        """
        if self.log is None:
            return
        with said_how_to_log(run.folder, self.log.trackers):
            self.log.finish(run)


@contextlib.contextmanager
def logging_of_run(
    log_to: Sequence[str | Tracker],
    out: str | Path,
    address: str | None = None,
    *,
    resume: bool,
    writes: bool,
) -> Iterator[Logging]:
    """Check trackers, and close their runs if the training in a folder does not end as it should.

    Args:
        log_to: Trackers, or their names. Without any, a resumed training logs where it was logged before.
        out: Folder of the run.
        address: Address where the folder is stored at the end. Defaults to `None`.
        resume: Whether the training goes on.
        writes: Whether this host writes the run.

    Raises:
        ImportError: If a tracker is not installed.
        TrackingError: If a tracker cannot be reached.
    """
    trackers = check_trackers([*log_to] or (used_in(out) if resume else [])) if writes else []
    logging = Logging(RunLog(trackers, out, address) if trackers else None)
    try:
        yield logging
    except BaseException as error:
        if logging.log is not None and not isinstance(error, TrackingError):
            logging.log.end("failed" if isinstance(error, Exception) else "killed")
        raise


@contextlib.contextmanager
def said_how_to_log(folder: Path, trackers: Sequence[Tracker]) -> Iterator[None]:
    """Say in the message of a TrackingError how a finished run is logged later."""
    try:
        yield
    except TrackingError as error:
        names = " ".join(f"--log-to {tracker.name()}" for tracker in trackers)
        raise TrackingError(
            f"{error} The run is kept; `kerasae evaluate {folder} {names}` logs it."
        ) from error
