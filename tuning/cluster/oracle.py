"""SpreadOracle: the oracle of a search, which distributes trials and keeps their states."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras_tuner
from kerasae.tuning._bases import Trial, TrialStatus
from kerasae.tuning.cluster import _keras_tuner
from kerasae.tuning.cluster.draws import Draws
from kerasae.tuning.cluster.signs import OWN
from kerasae.tuning.settings import Settings

from kerasae.data import Data

_FINAL = ("COMPLETED", "FAILED")


class SpreadOracle(_keras_tuner.Oracle):
    """Oracle of KerasTuner that spreads trials evenly over the code sizes.

    By error alone the largest code always wins, and a tuner would try only large ones. Here `Draws` chooses
    the next trial. A guided draw waits for the results that it needs, so that it does not depend on the speed
    of the workers. An interrupted search goes on with the same trials.

    The oracle differs from its base in four more respects:

    - Its state consists of the files of the trials, each of which is written atomically. KerasTuner writes
      two files for a trial, and a kill between them repeats or loses the trial.
    - Any number of failed trials does not end the search.
    - The trial of a lost worker is given to another one, and workers wait until all trials have ended. In
      KerasTuner the chief waits until a worker with the name of the lost one comes back.
    - If a worker that counts as lost reports its trial later, the result is used once.

    Args:
        objective: Objective by which trials are compared.
        max_trials: Number of trials.
        draws: Hyperparameters of the trials.
        folder: Folder with a folder for each trial.
        stale_seconds: Time without a sign of life after which a worker counts as lost, in seconds. Defaults
            to 60.
        lives: Function from the name of a worker to a number that changes while the worker lives. Defaults to
            `None`: a number that never changes.
        most_losses: Number of lost workers after which a trial counts as failed. Defaults to 2.
        suffix: End of the names of all workers of this search. Defaults to `""`.
    """

    def __init__(
        self,
        objective: keras_tuner.Objective,
        max_trials: int,
        draws: Draws,
        folder: Path,
        *,
        stale_seconds: float = 60.0,
        lives: Callable[[str], float] | None = None,
        most_losses: int = 2,
        suffix: str = "",
    ) -> None:
        super().__init__(
            objective=objective,
            max_trials=max_trials,
            hyperparameters=draws.space,
            seed=draws.seed,
            max_consecutive_failed_trials=None,
        )
        self.verbose = 0
        self.draws = draws
        self.folder = folder
        self.stale_seconds = stale_seconds
        self.lives: Callable[[str], float] = lives or (lambda worker: 0.0)
        self.most_losses = most_losses
        self.suffix = suffix
        self.losses: dict[str, int] = {}
        # The lock of KerasTuner is never released after an error.
        self._alone = threading.RLock()
        self._seen: dict[str, tuple[float, float]] = {}
        #: Whether all combinations have been drawn.
        self.exhausted: bool = False
        self.settle(folder)

    @classmethod
    def of(cls, settings: Settings, data: Data, folder: Path, **options: Any) -> "SpreadOracle":
        """Return the oracle of a search.

        Args:
            settings: Settings of the search.
            data: Data of the recipe.
            folder: Folder of the trials.
            **options: Other arguments of the class.
        """
        objective = settings.objective_for(data).tuned
        return cls(objective, settings.trials, Draws.of(settings, data), folder, **options)

    # The next trial -----------------------------------------------------------------------------

    def create_trial(self, tuner_id: str) -> Trial:
        """Return the next trial for a worker. Its status can tell the worker to wait or to stop."""
        if not tuner_id.endswith(self.suffix):
            raise ValueError(
                f"Expected a worker of the search in {self.folder.parent}, received one with another --out."
            )
        with self._alone:
            self._seen[tuner_id] = (self.lives(tuner_id), time.monotonic())
            self.release_lost()
            if not self.retries and tuner_id not in self.ongoing_trials and self._must_wait():
                self.tuner_ids.add(tuner_id)
                return Trial(self.get_space(), "idle", TrialStatus.IDLE)
            trial = super().create_trial(tuner_id)
            if trial.status == "RUNNING":
                # The file of the trial names its worker.
                self.write_trial(trial)
            return trial

    def _must_wait(self) -> bool:
        """Return whether the next trial depends on running ones."""
        if len(self.trials) >= self.max_trials or self.exhausted:
            # A worker may be lost, and its trial must then be repeated.
            return bool(self.ongoing_trials)
        number = len(self.trials)
        needed = self.draws.seen(number, [*self.trials.values()])
        return self.draws.is_guided(number) and any(trial.trial_id not in self.end_order for trial in needed)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return the hyperparameters of a trial."""
        values = self.draws.draw(int(trial_id), [*self.trials.values()])
        if values is None:
            self.exhausted = True
            return {"status": "STOPPED", "values": None}
        return {"status": "RUNNING", "values": values}

    # Running and ended trials ---------------------------------------------------------------

    def update_trial(self, trial_id: str, metrics: dict[str, float], step: int = 0) -> Trial:
        """Store the figures of a trial, unless it has ended."""
        with self._alone:
            if trial_id in self.end_order:
                return self.trials[trial_id]
            return super().update_trial(trial_id, metrics, step)

    def end_trial(self, trial: Trial) -> None:
        """End a trial, unless it has ended."""
        with self._alone:
            if trial.trial_id in self.end_order:
                return
            figures = self.trials[trial.trial_id].metrics
            if trial.status == "COMPLETED" and not figures.exists(self.objective.name):
                # The figures have not arrived. The trial is repeated, as if its worker were lost.
                for worker in [
                    name for name, one in self.ongoing_trials.items() if one.trial_id == trial.trial_id
                ]:
                    self._release(worker)
                return
            if trial.trial_id in self.retries:
                # The worker had counted as lost.
                self.retries.remove(trial.trial_id)
            super().end_trial(trial)

    def release_lost(self, gone: Sequence[str] = ()) -> None:
        """Release the trials of lost workers.

        Args:
            gone: Names of workers that are known to have ended. Defaults to `()`.
        """
        with self._alone:
            now = time.monotonic()
            for worker in [*{*self.ongoing_trials, *self.tuner_ids}]:
                sign = self.lives(worker)
                if worker not in self._seen or sign != self._seen[worker][0]:
                    self._seen[worker] = (sign, now)
                if worker in gone or now - self._seen[worker][1] > self.stale_seconds:
                    self._release(worker)

    def _release(self, worker: str) -> None:
        self.tuner_ids.discard(worker)
        trial = self.ongoing_trials.pop(worker, None)
        if trial is None:
            return
        trial_id = trial.trial_id
        self.losses[trial_id] = self.losses.get(trial_id, 0) + 1
        if self.losses[trial_id] >= self.most_losses:
            trial.status = TrialStatus.FAILED
            trial.message = (
                f"{self.losses[trial_id]} workers ended while they ran it; out of memory is the usual reason"
            )
            self.end_order.append(trial_id)
            self.write_trial(trial)
        else:
            self.retries.append(trial_id)

    @property
    def ended(self) -> int:
        """Number of trials that have ended."""
        return len(self.end_order)

    @property
    def done(self) -> bool:
        """Whether all trials have ended and no worker waits for one."""
        open_ = self.ongoing_trials or self.tuner_ids or self.retries
        return not open_ and (self.exhausted or self.ended >= self.max_trials)

    # Files ---------------------------------------------------------------------------------------

    def save(self) -> None:
        """Do nothing: the files of the trials are the whole state."""

    def write_trial(self, trial: Trial) -> None:
        """Write a trial, with the name of its worker."""
        path = self.trial_folder(trial.trial_id) / "trial.json"
        new = path.with_suffix(".json.new")
        worker = next((name for name, one in self.ongoing_trials.items() if one is trial), None)
        new.write_text(json.dumps(trial.get_state() | {"worker": worker}))
        new.replace(path)

    def reload(self) -> None:
        """Read the trials in the folder.

        A running trial stays with its worker on another host, as long as the worker shows signs of life. The
        own workers of an earlier chief have ended with it, and their trials are repeated.
        """
        paths = list(self.folder.glob("trial_*/trial.json"))
        trials = {path: Trial.load(str(path)) for path in paths}
        paths.sort(key=lambda path: int(trials[path].trial_id))
        self.trials: dict[str, Any] = {trials[path].trial_id: trials[path] for path in paths}
        self.start_order: list[str] = [*self.trials]
        self.end_order: list[str] = [one.trial_id for one in self.trials.values() if one.status in _FINAL]
        self.retries = []
        self.ongoing_trials: dict[str, Trial] = {}
        for path in reversed(paths):
            trial = trials[path]
            if trial.status in _FINAL:
                continue
            worker = json.loads(path.read_text()).get("worker")
            sign = self.lives(worker) if worker and not worker.startswith(OWN) else 0
            if sign:
                self.ongoing_trials[worker] = trial
                self.tuner_ids.add(worker)
                self._seen[worker] = (sign, time.monotonic())
            else:
                self.retries.append(trial.trial_id)
