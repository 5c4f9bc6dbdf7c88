"""What runs trials: a worker, which asks the chief for one after the other."""

import contextlib
import functools
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.errors import FailedTrialError
from kerasae.export import device_cost
from kerasae.tuning.settings import Settings
from kerasae.tuning.trials import OVER_BUDGET, write_result, write_rows

from kerasae.checkpoint import Checkpoint

#: Exit status of a worker process whose chief does not answer.
NO_CHIEF = 3

#: Seconds between two signs of life, and between two questions of a worker that waits.
_BEAT, _PAUSE = 2.0, 0.3
#: The folder of a worker's checkpoints, in that of the trial, begins so.
UNFINISHED = "unfinished-"
#: In the name of a worker it stands before the `id_of` its search.
SEARCH = "-of-"
#: Seconds that an answer of the chief may take before it is asked again.
_ANSWER = 20.0


class TrialTuner(keras_tuner.Tuner):
    """KerasTuner's tuner for one worker, which writes no weights.

    KerasTuner keeps the weights of every trial, written at every best epoch; here the best recipe is
    trained again, and a trial leaves its figures alone. An interrupted one leaves the checkpoint of
    `kerasae.train`, and goes on from it.

    Args:
        settings: of the search.
        folder: of the search's output, shared with the chief.
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

    def _populate_initial_space(self) -> None:
        """Nothing: the space comes with each trial."""

    def save(self) -> None:
        """Nothing: the chief knows all."""

    def pre_create_trial(self) -> None:
        """Waits a moment before it asks again, unless it has run a trial since."""
        if not self._ran:
            time.sleep(_PAUSE)
        self._ran = False

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Trains the model of a trial; what came of it goes into the trial's folder, good or bad.

        Raises:
            FailedTrialError: if the trial is to blame; it has no figures.
            FatalError: if a file cannot be read or written, which no trial is to blame for. It keeps its
                checkpoint, for whoever takes it up.
        """
        try:
            return self._run_trial(trial)
        except OSError as error:
            raise _NoStorage(str(error)) from error

    def _run_trial(self, trial: Any) -> dict[str, float]:
        self._ran = True
        folder = Path(self.get_trial_dir(trial.trial_id))
        hp = trial.hyperparameters
        hypermodel: Any = self.hypermodel
        began = time.perf_counter()
        drawn: dict[str, Any] = {}
        own = self._take(folder)
        try:
            drawn = hypermodel.space.draw(hp, hypermodel.recipe, hypermodel.data.spec)
            keras.backend.clear_session(free_memory=False)
            model = self._build_hypermodel(hp)
            costs = self._costs(model)
            excess = self.settings.budget.excess(costs)
            if excess:
                raise FailedTrialError(OVER_BUDGET + excess)
            _forget_damaged(Checkpoint(own / "checkpoint"))
            callbacks = self._deepcopy_callbacks(self.callbacks)
            self._configure_tensorboard_dir(callbacks, trial)
            figures, rows, history = hypermodel.run(hp, model, callbacks=callbacks, folder=own, resume=True)
        except keras_tuner.errors.FatalError:
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

    def _take(self, folder: Path) -> Path:
        """This worker's own place for checkpoints of a trial, with what a lost worker left in it."""
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
        """Tells the chief, unless the trial is another worker's by now."""
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


class _ChiefGone(keras_tuner.errors.FatalError):
    """The chief does not answer; fatal, as KerasTuner takes any other error for the trial's own."""


class _NoStorage(keras_tuner.errors.FatalError):
    """A file of a trial cannot be read or written; fatal for the worker, as the trial is not to blame."""


class _Patient:
    """KerasTuner's client for a worker, which asks again where the chief does not answer.

    The client waits an hour and then fails the trial whose figures it could not deliver, and a chief
    that is killed in the middle of an answer fails it at once. All questions can be repeated: a worker
    that has a trial gets it again, and one that ended ends once.
    """

    def __init__(self, client: Any, folder: Path, address: str, patience: float) -> None:
        self._client, self._folder = client, folder
        self._address, self._patience = address, patience
        self._reached = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return functools.partial(self._ask, found) if callable(found) else found

    def _ask(self, question: Any, *args: Any, **kwargs: Any) -> Any:
        import grpc

        began = time.monotonic()
        while True:
            try:
                found = question(*args, **kwargs)
            except grpc.RpcError as error:
                code = grpc.StatusCode
                passing = (code.UNAVAILABLE, code.DEADLINE_EXCEEDED, code.CANCELLED)
                if error.code() not in passing:
                    raise _ChiefGone(f"Refused by {self._address}: {error.details()}") from None
                # What another chief left in the folder says nothing to who has seen none.
                over = self._reached and has_ended(self._folder)
                if over or time.monotonic() - began > self._patience:
                    raise _ChiefGone(
                        f"Expected a chief at {self._address}, received no answer for "
                        f"{time.monotonic() - began:.0f} s; is `kerasae tune --chief` running there, and the "
                        "port open?"
                    ) from None
                time.sleep(_PAUSE)
            else:
                self._reached = True
                return found


def run_worker(folder: Path, address: str, name: str, patience: float = 600.0) -> None:
    """Runs trials for a chief until there are none left.

    Args:
        folder: of the search's output, shared with the chief.
        address: of the chief, `HOST:PORT`.
        name: of this worker, of which there may be no other.
        patience: seconds to wait for a chief that does not answer.

    Raises:
        ConnectionError: if the chief does not answer for so long, and the search has not ended.
        OSError: if a file of a trial cannot be read or written; the trial stays for another worker.
    """
    import grpc
    from keras_tuner.src import protos
    from keras_tuner.src.distribute import oracle_client

    host, _, port = address.rpartition(":")
    os.environ |= {
        "KERASTUNER_TUNER_ID": name,
        "KERASTUNER_ORACLE_IP": host,
        "KERASTUNER_ORACLE_PORT": port,
    }
    oracle_client.TIMEOUT = min(_ANSWER, patience)
    settings = Settings.read(folder / "tuning.json")
    sign = life_of(folder, name)
    sign.parent.mkdir(parents=True, exist_ok=True)
    sign.touch()
    threading.Thread(target=_live, args=(sign,), daemon=True).start()
    tuner = TrialTuner(settings, folder)
    # Otherwise two minutes can pass until a chief that is there again is found, and a proxy for the web
    # would be asked for it.
    options = [("grpc.max_reconnect_backoff_ms", 2000), ("grpc.enable_http_proxy", 0)]
    tuner.oracle.stub = protos.get_service_grpc().OracleStub(grpc.insecure_channel(address, options))
    tuner.oracle = _Patient(tuner.oracle, folder, address, patience)
    try:
        tuner.search(verbose=0)
    except _NoStorage as error:
        raise OSError(f"A trial was stopped, and stays to be gone on with: {error}") from None
    except _ChiefGone as error:
        if not has_ended(folder):
            raise ConnectionError(str(error)) from None


def id_of(folder: Path) -> str:
    """What tells a search from all others, or nothing before it has begun."""
    path = folder / "search" / "id"
    return path.read_text() if path.is_file() else ""


def has_ended(folder: Path) -> bool:
    """Whether a search has run all its trials."""
    return (folder / "search" / "ended").is_file()


def life_of(folder: Path, name: str) -> Path:
    """The file that a worker touches while it lives."""
    return folder / "search" / "workers" / name


def _live(sign: Path) -> None:
    while True:
        # An error of a network file system is no end of the worker.
        with contextlib.suppress(OSError):
            sign.touch()
        time.sleep(_BEAT)
