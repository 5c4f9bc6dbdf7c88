"""SpreadOracle: which trial comes next, and what has become of the others."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine import trial as trial_module
from kerasae.tuning.cluster.guide import guided

#: Draws for one trial before a code size counts as exhausted.
_DRAWS = 200
_FINAL = ("COMPLETED", "FAILED")
#: Names of a chief's own workers, which end with it, begin so.
OWN = "local-"


class SpreadOracle(keras_tuner.Oracle):
    """KerasTuner's oracle with trials spread evenly over the code sizes.

    Judged by error alone, the largest code always wins, and a tuner drifts there. Here trial `n` has
    the `n`-th code size, over and over, and the first of each is the network that the recipe has by
    itself, where the budget allows it. What else is drawn for trial `n` follows from the seed and `n`
    alone or, guided, also from the results of the trials up to the last one of the same turn, for which
    it waits: never from which worker was the quickest. So the same seed gives the same trials, and a
    search that was interrupted goes on as if it had not been.

    It differs from its base in four more respects. Its state is that of the trials' own files, each
    written whole or not at all: KerasTuner writes two files for a trial, and a kill between them runs
    it twice or loses it. Trials that fail do not end the search, however many. A trial whose worker
    has gone quiet is given to another one, and workers wait until all trials have ended: in
    KerasTuner a killed worker leaves the chief waiting until one of its name comes back. And a worker
    that was given up and reports late is heard once.

    Args:
        objective: what trials are compared by.
        max_trials: how many there are.
        starts: hyperparameters of the first trials, one of each code size.
        seed: of the draws.
        folder: where each trial has its own.
        guided: whether results guide the draws from the third round on.
        meaning: what a trial's hyperparameters come to: two that come to the same are one trial, as
            nodes below the code size are raised to it; `None` for one that may not be run.
        stale_seconds: without a sign of life, after which a worker has gone.
        lives: from the name of a worker to a number that changes while it lives.
        most_losses: workers that may be lost on one trial before it counts as failed.
        suffix: of the names of all workers of this search.
    """

    def __init__(
        self,
        objective: keras_tuner.Objective,
        max_trials: int,
        *,
        starts: Sequence[dict[str, Any]],
        seed: int,
        folder: Path,
        hyperparameters: keras_tuner.HyperParameters,
        guided: bool = False,
        meaning: Callable[[keras_tuner.HyperParameters], str | None],
        stale_seconds: float = 60.0,
        lives: Callable[[str], float] | None = None,
        most_losses: int = 2,
        suffix: str = "",
    ) -> None:
        super().__init__(
            objective=objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            # 0 would be a seed drawn at random.
            seed=seed + 1,
            max_consecutive_failed_trials=None,
        )
        self.verbose = 0
        self.starts = list(starts)
        self.guided = guided
        self.meaning = meaning
        self.folder = folder
        self.stale_seconds = stale_seconds
        self.lives = lives or (lambda worker: 0.0)
        self.most_losses = most_losses
        self.suffix = suffix
        self.losses: dict[str, int] = {}
        # KerasTuner's own lock stays taken for good when an error is raised under it.
        self._alone = threading.RLock()
        self._seen: dict[str, tuple[float, float]] = {}
        self._meanings: dict[str, str | None] = {}
        #: Whether there was nothing left to draw.
        self.exhausted = False
        self._set_project_dir(str(folder.parent), folder.name)

    # What comes next -----------------------------------------------------------------------------

    def create_trial(self, tuner_id: str) -> trial_module.Trial:
        """The next trial for a worker, or one that says to wait or to stop."""
        if not tuner_id.endswith(self.suffix):
            raise ValueError(
                f"Expected a worker of the search in {self.folder.parent}, received one with another --out."
            )
        with self._alone:
            self._seen[tuner_id] = (self.lives(tuner_id), time.monotonic())
            self.release_lost()
            if not self._retry_queue and tuner_id not in self.ongoing_trials and self._must_wait():
                self.tuner_ids.add(tuner_id)
                return trial_module.Trial(self.get_space(), "idle", trial_module.TrialStatus.IDLE)
            trial = super().create_trial(tuner_id)
            if trial.status == "RUNNING":
                # Whose it is stands in its file.
                self._save_trial(trial)
            return trial

    def _must_wait(self) -> bool:
        """Whether what comes next depends on trials that others are running."""
        if len(self.trials) >= self.max_trials or self.exhausted:
            # One of them may be lost, and its trial come back.
            return bool(self.ongoing_trials)
        number = len(self.trials)
        return self._is_guided(number) and any(
            trial.trial_id not in self.end_order for trial in self._known(number)
        )

    def _is_guided(self, number: int) -> bool:
        """Whether results have a say in trial `number`; in the first two rounds there are too few."""
        return self.guided and number >= 2 * len(self.starts)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Values for a trial, of the code size whose turn it is."""
        number = int(trial_id)
        count = len(self.starts)
        if number < count and self._allowed(self.starts[number]):
            return {"status": "RUNNING", "values": dict(self.starts[number])}
        for turn in range(count):
            # A code size of which all has been tried leaves its turn to the next.
            values = self._drawn(number, self.starts[(number + turn) % count]["latent_dim"])
            if values is not None:
                return {"status": "RUNNING", "values": values}
        self.exhausted = True
        return {"status": "STOPPED", "values": None}

    def _drawn(self, number: int, size: int) -> dict[str, Any] | None:
        if self._is_guided(number):
            known = [trial for trial in self._known(number) if trial.status == "COMPLETED"]
            seen = {trial.trial_id for trial in self._known(number)}
            if len(known) > len(self.starts) // 2:
                found = guided(
                    self.hyperparameters.space,
                    known,
                    [trial for trial in self.trials.values() if trial.trial_id not in seen],
                    size,
                    lower=self.objective.direction == "min",
                    rng=np.random.default_rng([self.seed, number]),
                )
                for values in found[:_DRAWS]:
                    if self._allowed(values):
                        return values
        for attempt in range(_DRAWS):
            values = self._random(np.random.default_rng([self.seed, number, attempt]), size)
            if self._allowed(values):
                return values
        return None

    def _known(self, number: int) -> list[trial_module.Trial]:
        """The trials whose results trial `number` may see."""
        return [t for t in self.trials.values() if int(t.trial_id) <= number - len(self.starts)]

    def _random(self, rng: np.random.Generator, size: int) -> dict[str, Any]:
        hps = keras_tuner.HyperParameters()
        for hp in self.hyperparameters.space:
            hps.merge([hp])
            drawn = hp.random_sample(int(rng.integers(2**31)))
            if hps.is_active(hp):
                hps.values[hp.name] = size if hp.name == "latent_dim" else drawn
        return dict(hps.values)

    def _allowed(self, values: dict[str, Any]) -> bool:
        meant = self._meant(values)
        return meant is not None and meant not in {
            self._meant(trial.hyperparameters.values) for trial in self.trials.values()
        }

    def _meant(self, values: dict[str, Any]) -> str | None:
        key = self._compute_values_hash(values)
        if key not in self._meanings:
            hps = self.hyperparameters.copy()
            hps.values = dict(values)
            self._meanings[key] = self.meaning(hps)
        return self._meanings[key]

    # What has become of the others ---------------------------------------------------------------

    def update_trial(self, trial_id: str, metrics: dict[str, float], step: int = 0) -> trial_module.Trial:
        """Takes the figures of a trial, unless it has ended."""
        with self._alone:
            if trial_id in self.end_order:
                return self.trials[trial_id]
            return super().update_trial(trial_id, metrics, step)

    def end_trial(self, trial: trial_module.Trial) -> None:
        """Ends a trial, once."""
        with self._alone:
            if trial.trial_id in self.end_order:
                return
            figures = self.trials[trial.trial_id].metrics
            if trial.status == "COMPLETED" and not figures.exists(self.objective.name):
                # They have not arrived: it is run again, as if its worker were lost.
                for worker in [
                    name for name, one in self.ongoing_trials.items() if one.trial_id == trial.trial_id
                ]:
                    self._release(worker)
                return
            if trial.trial_id in self._retry_queue:
                # The worker had been given up.
                self._retry_queue.remove(trial.trial_id)
            super().end_trial(trial)

    def release_lost(self, gone: Sequence[str] = ()) -> None:
        """Gives the trials of lost workers back.

        Args:
            gone: names of workers that are known to have ended.
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
            trial.status = trial_module.TrialStatus.FAILED
            trial.message = (
                f"{self.losses[trial_id]} workers ended while they ran it; out of memory is the usual reason"
            )
            self.end_order.append(trial_id)
            self._save_trial(trial)
        else:
            self._retry_queue.append(trial_id)

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return len(self.end_order)

    @property
    def done(self) -> bool:
        """Whether all trials have ended and no worker waits for one."""
        open_ = self.ongoing_trials or self.tuner_ids or self._retry_queue
        return not open_ and (self.exhausted or self.ended >= self.max_trials)

    # Files ---------------------------------------------------------------------------------------

    def save(self) -> None:
        """Nothing: the trials' own files hold all that there is to know."""

    def _save_trial(self, trial: trial_module.Trial) -> None:
        path = Path(self._get_trial_dir(trial.trial_id)) / "trial.json"
        new = path.with_suffix(".json.new")
        worker = next((name for name, one in self.ongoing_trials.items() if one is trial), None)
        new.write_text(json.dumps(trial.get_state() | {"worker": worker}))
        new.replace(path)

    def reload(self) -> None:
        """Takes up the trials in the folder.

        Those that had not ended stay with their worker, which may be at it on another host, and are
        given to another one when it shows no sign of life; a chief's own workers ended with it.
        """
        paths = list(self.folder.glob("trial_*/trial.json"))
        found = {path: trial_module.Trial.load(str(path)) for path in paths}
        paths.sort(key=lambda path: int(found[path].trial_id))
        self.trials = {found[path].trial_id: found[path] for path in paths}
        self.start_order = [*self.trials]
        self.end_order = [one.trial_id for one in self.trials.values() if one.status in _FINAL]
        self._retry_queue = []
        self.ongoing_trials: dict[str, trial_module.Trial] = {}
        for path in reversed(paths):
            trial = found[path]
            if trial.status in _FINAL:
                continue
            worker = json.loads(path.read_text()).get("worker")
            sign = self.lives(worker) if worker and not worker.startswith(OWN) else 0
            if sign:
                self.ongoing_trials[worker] = trial
                self.tuner_ids.add(worker)
                self._seen[worker] = (sign, time.monotonic())
            else:
                self._retry_queue.append(trial.trial_id)
