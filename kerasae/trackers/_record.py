"""Record: what a tracker keeps of a run; and log_together, several of them at once."""

import dataclasses
import math
import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae import __version__
from kerasae.trackers._base import Outcome, Tracked, Tracker

#: Tags of every run.
TAGS = {"kerasae.version": __version__}
#: Figures that do not depend on the test split.
_OF_THE_RUN = ("latent_dim", "parameters", "seconds")


@dataclasses.dataclass(frozen=True)
class Record:
    """What a tracker keeps of a run.

    Args:
        name: Name of the run.
        parameters: Sections of a recipe, or single settings by name.
        curves: Terms of the loss, one dict for each epoch. Defaults to none.
        figures: Figures of the whole run by name. Values that are no finite numbers are left out. Defaults
            to none.
        files: Files. Those that do not exist are left out. Defaults to none.
        outcome: How the run ended. Defaults to `"finished"`.
    """

    name: str
    parameters: Mapping[str, Any]
    curves: Sequence[Mapping[str, float]] = ()
    figures: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    files: Sequence[Path] = ()
    outcome: Outcome = "finished"

    def send(self, tracked: Tracked, *, after: int = 0) -> None:
        """Log everything but the outcome.

        Args:
            tracked: Run in the tracker.
            after: Number of epochs that were logged before. Defaults to 0.
        """
        tracked.parameters(flat(self.parameters))
        rows = [(number, finite(row)) for number, row in enumerate(self.curves, 1) if number > after]
        if rows:
            tracked.epochs(rows)
        if figures := finite(self.figures):
            tracked.figures(figures)
        if files := [path for path in self.files if path.is_file()]:
            tracked.files(files)


def log_together(trackers: Sequence[Tracker], whole: Record, parts: Sequence[Record]) -> dict[str, str]:
    """Log a comparison: one run for the whole, and one for each of its parts.

    Args:
        trackers: Trackers.
        whole: Record of the whole.
        parts: Records of the parts.

    Returns:
        Where a user finds the whole in each tracker, by its name.

    Raises:
        TrackingError: If a tracker cannot be reached.
    """
    places = {}
    for tracker in trackers:
        tracked = tracker.begin(whole.name, tags=TAGS)
        send_parts(tracker, tracked, parts)
        whole.send(tracked)
        tracked.end(whole.outcome)
        places[tracker.name()] = tracked.place
    return places


def send_parts(tracker: Tracker, whole: Tracked, parts: Sequence[Record]) -> None:
    """Log the parts of a run, each as a run of its own.

    Args:
        tracker: Tracker.
        whole: Run to which they belong.
        parts: Records of the parts.
    """
    for part in parts:
        tracked = tracker.begin(part.name, tags=TAGS, parent=whole.identity)
        part.send(tracked)
        tracked.end(part.outcome)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings by one name each: `{"model": {"beta": 2}}` is `{"model.beta": 2}`."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{name}.")
        else:
            found[name] = value
    return found


def finite(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the values that are finite numbers."""
    return {
        key: float(value)
        for key, value in values.items()
        if isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    }


def held_out_figures(figures: Mapping[str, Any], baseline: str = "") -> dict[str, Any]:
    """Return figures of `evaluate` by the names under which trackers have them, such as `test/error`.

    Args:
        figures: Figures of a model or a baseline on the test split.
        baseline: Name of the baseline. Defaults to `""` for a model.
    """
    if baseline:
        measured = {key: value for key, value in figures.items() if key not in _OF_THE_RUN}
        return {f"test/{baseline}/{key}": value for key, value in measured.items() if key != "seed"}
    return {
        key if key in _OF_THE_RUN else f"test/{key}": value for key, value in figures.items() if key != "seed"
    }
