"""A search in the terminal while it runs."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from kerasae.cli._streams import note
from kerasae.cli._time_left import left
from kerasae.cli.tune._hosts import how_to_join

if TYPE_CHECKING:
    from kerasae.tuning import Objective, Trial


class SearchProgress:
    """A line for each trial of a search that ends.

    Args:
        total: Number of trials.
        out: Folder of the search.
        chief: Address at which workers on other hosts ask, if there is one.
    """

    def __init__(self, total: int, out: Path, chief: str | None) -> None:
        self._total, self._out, self._chief = total, out, chief
        self._told: set[int] = set()
        self._first = -1
        #: Whether trials have begun.
        self.started = False

    def start(self, objective: "Objective") -> None:
        """Say how workers on other hosts are started."""
        self._objective, self._began = objective, time.monotonic()
        self.started = True
        if self._chief:
            note(how_to_join(self._chief, self._out))

    def show(self, trials: "list[Trial]") -> None:
        """Show the trials that have ended since the last time."""
        ended = [trial for trial in trials if trial.ended]
        # Trials of an earlier command say nothing of this one's pace.
        self._first = len(ended) if self._first < 0 else self._first
        rest = self._left(len(ended))
        new = [trial for trial in ended if trial.number not in self._told]
        for trial in new:
            self._told.add(trial.number)
            note(self._line(trial) + (rest if trial is new[-1] else ""))

    def _left(self, ended: int) -> str:
        """About how long the rest takes, once trials have ended at this pace."""
        done, remaining = ended - self._first, self._total - ended
        if not done or not remaining:
            return ""
        return f", {left((time.monotonic() - self._began) / done * remaining)}"

    def _line(self, trial: "Trial") -> str:
        what = f"trial {trial.number + 1}/{self._total}  code {trial.latent_dim}  {trial.shape()}"
        others = ", ".join(
            f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in trial.others().items()
        )
        what += f"  {others}" if others else ""
        if not trial.completed:
            return f"{what}  no figures: {trial.reason}"
        key = self._objective.key
        return f"{what}  {key.removeprefix('val_')} {trial.figures[key]:.5g}  {trial.seconds:.1f} s"
