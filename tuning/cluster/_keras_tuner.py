"""What is private in KerasTuner, behind public names of ours: no other file names it.

KerasTuner has no public way to listen for workers, to look for a chief with patience, or to write a trial's
file in one piece. Each name below was seen in version 1.4.8. `tests/tuning/test_keras_tuner.py` fails where
another version has moved one; only this file then needs a change.
"""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.engine import trial as trial_module


class Oracle(keras_tuner.Oracle):
    """KerasTuner's oracle with public names for its queue and its files."""

    @property
    def retries(self) -> list[str]:
        """Numbers of the trials to hand out again, the next one last."""
        queue: list[str] = self._retry_queue
        return queue

    @retries.setter
    def retries(self, numbers: list[str]) -> None:
        self._retry_queue = numbers

    def settle(self, folder: Path) -> None:
        """Set the folder in which each trial has its own."""
        self._set_project_dir(str(folder.parent), folder.name)

    def trial_folder(self, number: str) -> Path:
        """Return the folder of a trial, which is made where there is none."""
        return Path(self._get_trial_dir(number))

    def write_trial(self, trial: trial_module.Trial) -> None:
        """Write the state of a trial into its folder; KerasTuner calls this wherever it changes one."""
        super()._save_trial(trial)

    def _save_trial(self, trial: trial_module.Trial) -> None:
        self.write_trial(trial)


class Tuner(keras_tuner.Tuner):
    """KerasTuner's tuner with public names for what it does around one trial."""

    def explore(self) -> None:
        """Find the hyperparameters of the space before the search. KerasTuner calls this once."""
        super()._populate_initial_space()

    def _populate_initial_space(self) -> None:
        self.explore()

    def build_model(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Build the model of a trial; a model too large for KerasTuner's `max_model_size` fails it."""
        return self._build_hypermodel(hp)

    def trial_callbacks(
        self, callbacks: list[keras.callbacks.Callback], trial: trial_module.Trial
    ) -> list[keras.callbacks.Callback]:
        """Return copies of callbacks for one trial; TensorBoard's gets the folder and the HParams of it."""
        copies: list[keras.callbacks.Callback] = self._deepcopy_callbacks(callbacks)
        self._configure_tensorboard_dir(copies, trial)
        return copies


def add_service(oracle: keras_tuner.Oracle, server: Any) -> None:
    """Let a gRPC server answer workers for an oracle.

    KerasTuner's public way is `Tuner.search` on the chief. It waits 20 s at a time for its workers, and
    forever for one that was killed.

    Args:
        oracle: Oracle that hands out trials.
        server: Server of `grpc.server`, not started yet.
    """
    from keras_tuner.src import protos
    from keras_tuner.src.distribute.oracle_chief import OracleServicer
    from keras_tuner.src.engine import conditions

    # Version 1.4.8 prints a value of each condition that it sends: a print that was left in by mistake.
    conditions.print = lambda *_: None
    protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(oracle), server)


def connect(tuner: keras_tuner.Tuner, channel: Any, seconds: float) -> None:
    """Let the tuner of a worker ask its chief over a channel of ours.

    KerasTuner opens a channel without options, and waits an hour for each answer.

    Args:
        tuner: Tuner that was made with the variables of a worker (`KERASTUNER_TUNER_ID` and so on).
        channel: Channel of gRPC to the chief.
        seconds: Seconds that an answer may take. They hold for all tuners of this process.
    """
    from keras_tuner.src import protos
    from keras_tuner.src.distribute import oracle_client

    oracle_client.TIMEOUT = seconds
    tuner.oracle.stub = protos.get_service_grpc().OracleStub(channel)
