"""Private names of KerasTuner behind public names of this module. No other file uses the private ones.

KerasTuner has no public way to listen for workers, to wait for a chief, or to write the file of a trial
atomically. The names are those of version 1.4.8. `tests/tuning/test_keras_tuner.py` fails if another version
has moved one, and only this file then needs a change.
"""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
from kerasae.tuning import _bases


class Oracle(_bases.Oracle):
    """Oracle of KerasTuner with public names for its queue and its files."""

    @property
    def retries(self) -> list[str]:
        """Numbers of the trials to repeat, the next one last."""
        queue: list[str] = self._retry_queue
        return queue

    @retries.setter
    def retries(self, numbers: list[str]) -> None:
        self._retry_queue = numbers

    def settle(self, folder: Path) -> None:
        """Set the folder that contains a folder for each trial."""
        self._set_project_dir(str(folder.parent), folder.name)

    def trial_folder(self, number: str) -> Path:
        """Return the folder of a trial. It is made if it does not exist."""
        return Path(self._get_trial_dir(number))

    def write_trial(self, trial: _bases.Trial) -> None:
        """Write the state of a trial into its folder. KerasTuner calls this after each change."""
        super()._save_trial(trial)  # type: ignore[misc]  # private

    def _save_trial(self, trial: _bases.Trial) -> None:
        self.write_trial(trial)


class Tuner(_bases.Tuner):
    """Tuner of KerasTuner with public names for the steps around a trial."""

    def explore(self) -> None:
        """Find the hyperparameters of the space. KerasTuner calls this once before the search."""
        super()._populate_initial_space()  # type: ignore[misc]  # private

    def _populate_initial_space(self) -> None:
        self.explore()

    def build_model(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Build the model of a trial. The trial fails if the model exceeds KerasTuner's `max_model_size`."""
        return self._build_hypermodel(hp)

    def trial_callbacks(
        self, callbacks: list[keras.callbacks.Callback], trial: _bases.Trial
    ) -> list[keras.callbacks.Callback]:
        """Return copies of the callbacks for a trial. That of TensorBoard gets its folder and its HParams."""
        copies: list[keras.callbacks.Callback] = self._deepcopy_callbacks(callbacks)
        # It imports TensorBoard, which only its callback needs.
        if any(isinstance(callback, keras.callbacks.TensorBoard) for callback in copies):
            self._configure_tensorboard_dir(copies, trial)
        return copies


def add_service(oracle: keras_tuner.Oracle, server: Any) -> None:
    """Let a gRPC server answer workers for an oracle.

    The public way of KerasTuner is `Tuner.search` on the chief. It waits 20 s at a time for its workers, and
    forever for a killed one.

    Args:
        oracle: Oracle that distributes trials.
        server: Server of `grpc.server`, which is not started yet.
    """
    from keras_tuner.src import protos
    from keras_tuner.src.distribute.oracle_chief import OracleServicer
    from keras_tuner.src.engine import conditions

    # By mistake, version 1.4.8 prints a value of each condition that it sends.
    conditions.print = lambda *_: None
    protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(oracle), server)


def connect(tuner: keras_tuner.Tuner, channel: Any, seconds: float) -> None:
    """Let the tuner of a worker ask its chief over a given channel.

    KerasTuner itself opens a channel without options, and waits an hour for each answer.

    Args:
        tuner: Tuner that was made with the variables of a worker, such as `KERASTUNER_TUNER_ID`.
        channel: Channel of gRPC to the chief.
        seconds: Longest time to wait for an answer, in seconds, for all tuners of this process.
    """
    from keras_tuner.src import protos
    from keras_tuner.src.distribute import oracle_client

    oracle_client.TIMEOUT = seconds
    tuner.oracle.stub = protos.get_service_grpc().OracleStub(channel)
