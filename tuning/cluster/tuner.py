"""TrialTuner: the tuner of a worker, which trains the models of trials and writes their figures."""

import contextlib
import shutil
import time
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from kerasae.export import device_cost
from kerasae.tuning._bases import FailedTrialError, FatalError
from kerasae.tuning.cluster import _keras_tuner
from kerasae.tuning.cluster.signs import UNFINISHED
from kerasae.tuning.settings import Settings
from kerasae.tuning.trials import OVER_BUDGET, write_result, write_rows

from kerasae.data import Data
from kerasae.training.checkpoint import Checkpoint

#: Pause between two questions of a waiting worker, in seconds.
_PAUSE = 0.3


class StorageError(FatalError):
    """Error for a file that cannot be read or written. It ends the worker and does not fail the trial."""


class TrialTuner(_keras_tuner.Tuner):
    """Tuner of KerasTuner for a worker. It writes figures, but no weights.

    KerasTuner keeps the weights of every trial. Here a trial leaves only its figures, and the best recipe is
    trained again. An interrupted trial goes on from a checkpoint of `kerasae.train`.

    Args:
        settings: Settings of the search.
        folder: Folder of the search, shared with the chief.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self._ran = True
        self._taken = False
        hypermodel = settings.hypermodel(settings.load(folder))
        self.callbacks: list[Any] = (
            [keras.callbacks.TensorBoard(folder / "tensorboard")] if settings.tensorboard else []
        )
        super().__init__(
            oracle=keras_tuner.oracles.RandomSearchOracle(
                objective=settings.objective_for(hypermodel.data).tuned, max_trials=settings.trials
            ),
            hypermodel=hypermodel,
            directory=str(folder),
            project_name="search",
        )

    def explore(self) -> None:
        """Do nothing: each trial brings the space."""

    def save(self) -> None:
        """Do nothing: the chief keeps the state."""

    def pre_create_trial(self) -> None:
        """Wait before the next question to the chief, unless a trial has run since the last one."""
        if not self._ran:
            time.sleep(_PAUSE)
        self._ran = False

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Train the model of a trial, and write the result into the folder of the trial.

        Raises:
            FailedTrialError: If the trial fails. It has no figures then.
            FatalError: If a file cannot be read or written. The trial does not fail, and another worker can
                go on from its checkpoint.
        """
        try:
            return self._run_trial(trial)
        except OSError as error:
            raise StorageError(str(error)) from error

    def _run_trial(self, trial: Any) -> dict[str, float]:
        self._ran = True
        folder = Path(self.get_trial_dir(trial.trial_id))
        hp = trial.hyperparameters
        hypermodel: Any = self.hypermodel
        began = time.perf_counter()
        drawn: dict[str, Any] = {}
        own = self.take(folder)
        try:
            drawn = hypermodel.space.draw(hp, hypermodel.recipe, hypermodel.data.spec)
            keras.backend.clear_session(free_memory=False)
            model = self.build_model(hp)
            costs = self._costs(model, hypermodel.data_of(hp))
            excess = self.settings.budget.excess(costs)
            if excess:
                raise FailedTrialError(OVER_BUDGET + excess)
            _forget_damaged(Checkpoint(own / "checkpoint"))
            callbacks = self.trial_callbacks(self.callbacks, trial)
            figures, rows, history = hypermodel.run(hp, model, callbacks=callbacks, folder=own, resume=True)
        except FatalError:
            raise
        except Exception as error:
            if not own.is_dir():
                # Another worker has taken the trial, because this one counted as lost.
                self._taken = True
                raise FailedTrialError("taken by another worker") from error
            if isinstance(error, OSError):
                raise
            shutil.rmtree(own, ignore_errors=True)
            reason = _reason(error)
            write_result(
                folder,
                reason=reason,
                settings=drawn,
                seconds=time.perf_counter() - began,
                worker=self.tuner_id,
            )
            raise FailedTrialError(reason) from error
        figures |= costs
        write_rows(folder, rows)
        write_result(
            folder,
            figures=figures,
            settings=drawn,
            reductions=[epoch for epoch in history.reductions if epoch < history.best_epoch],
            seconds=time.perf_counter() - began,
            worker=self.tuner_id,
        )
        shutil.rmtree(own, ignore_errors=True)
        return figures

    def take(self, folder: Path) -> Path:
        """Return the folder of this worker for checkpoints of a trial, with those of a lost worker."""
        own = folder / f"{UNFINISHED}{self.tuner_id}"
        left = [path for path in folder.glob(f"{UNFINISHED}*") if path != own]
        for path in left:
            with contextlib.suppress(OSError):
                # If this worker has a checkpoint already, the rename fails and the other one is removed.
                path.rename(own)
                continue
            shutil.rmtree(path, ignore_errors=True)
        own.mkdir(exist_ok=True)
        return own

    def on_trial_end(self, trial: Any) -> None:
        """Tell the chief, unless another worker has taken the trial."""
        if not self._taken:
            super().on_trial_end(trial)
        self._taken = False

    def _costs(self, model: Any, data: Data) -> dict[str, float]:
        costs = {"parameters": float(model.count_params())}
        budget = self.settings.budget
        # A model with too many parameters need not be converted.
        if budget.converts and not budget.excess(costs):
            costs |= device_cost(model, data=data, precision=budget.precision)
        return costs


def _forget_damaged(checkpoint: Checkpoint) -> None:
    """Remove a damaged checkpoint. The trial starts again, with the same result."""
    try:
        checkpoint.check()
    except ValueError:
        checkpoint.remove()


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    text = text if len(text) <= 300 else f"{text[:300]}..."
    return text if isinstance(error, FailedTrialError) else f"{type(error).__name__}: {text}"
