"""TrialTuner: trains the model of one trial after the other, and leaves its figures in its folder."""

import contextlib
import shutil
import time
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.errors import FailedTrialError, FatalError
from kerasae.export import device_cost
from kerasae.tuning.cluster import _keras_tuner
from kerasae.tuning.cluster.signs import UNFINISHED
from kerasae.tuning.settings import Settings
from kerasae.tuning.trials import OVER_BUDGET, write_result, write_rows

from kerasae.training.checkpoint import Checkpoint

#: Seconds between two questions of a worker that waits.
_PAUSE = 0.3


class StorageError(FatalError):
    """A file of a trial cannot be read or written; fatal for the worker, as the trial is not to blame."""


class TrialTuner(_keras_tuner.Tuner):
    """KerasTuner's tuner for one worker, which writes no weights.

    KerasTuner keeps the weights of every trial, written at every best epoch; here the best recipe is
    trained again, and a trial leaves its figures alone. An interrupted one leaves the checkpoint of
    `kerasae.train`, and goes on from it.

    Args:
        settings: Settings of the search.
        folder: Folder of the search's output, shared with the chief.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self._ran = True
        self._taken = False
        hypermodel = settings.hypermodel(settings.load(folder))
        self.callbacks = [keras.callbacks.TensorBoard(folder / "tensorboard")] if settings.tensorboard else []
        super().__init__(
            oracle=keras_tuner.oracles.RandomSearchOracle(
                objective=settings.objective_for(hypermodel.data).tuned, max_trials=settings.trials
            ),
            hypermodel=hypermodel,
            directory=str(folder),
            project_name="search",
        )

    def explore(self) -> None:
        """Do nothing: the space comes with each trial."""

    def save(self) -> None:
        """Do nothing: the chief knows all."""

    def pre_create_trial(self) -> None:
        """Wait a moment before the next question, unless a trial has run since the last."""
        if not self._ran:
            time.sleep(_PAUSE)
        self._ran = False

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Train the model of a trial, and write what came of it into the folder of the trial.

        Raises:
            FailedTrialError: If the trial is to blame; it has no figures.
            FatalError: If a file cannot be read or written, which no trial is to blame for. It keeps its
                checkpoint, for whoever takes it up.
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
            costs = self._costs(model)
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
                # Another worker has taken it, as this one had been quiet for long: it is that one's.
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
        """Return this worker's own folder for checkpoints of a trial, with what a lost worker left."""
        own = folder / f"{UNFINISHED}{self.tuner_id}"
        left = [path for path in folder.glob(f"{UNFINISHED}*") if path != own]
        for path in left:
            with contextlib.suppress(OSError):
                # Where one with a checkpoint is there already, this one fails and is cleared away.
                path.rename(own)
                continue
            shutil.rmtree(path, ignore_errors=True)
        own.mkdir(exist_ok=True)
        return own

    def on_trial_end(self, trial: Any) -> None:
        """Tell the chief, unless another worker has the trial by now."""
        if not self._taken:
            super().on_trial_end(trial)
        self._taken = False

    def _costs(self, model: Any) -> dict[str, float]:
        costs = {"parameters": float(model.count_params())}
        budget = self.settings.budget
        # What has too many parameters is not worth a conversion.
        if budget.converts and not budget.excess(costs):
            hypermodel: Any = self.hypermodel
            costs |= device_cost(model, data=hypermodel.data, precision=budget.precision)
        return costs


def _forget_damaged(checkpoint: Checkpoint) -> None:
    """Removes a damaged checkpoint: the trial begins again, and comes to the same figures."""
    try:
        checkpoint.check()
    except ValueError:
        checkpoint.remove()


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    text = text if len(text) <= 300 else f"{text[:300]}..."
    return text if isinstance(error, FailedTrialError) else f"{type(error).__name__}: {text}"
