"""BestWeights: callback that monitors a training, and whose state lets it resume."""

import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerasae.keras_classes import Callback
from kerasae.training.checkpoint import NOT_FINITE, Checkpoint, State


class BestWeights(Callback):
    """Early stopping, learning-rate reduction, NaN guard and checkpoint, with one common state.

    Keras has a callback for each of these, but its checkpoint does not store the state of the others: a
    resumed training would forget the best epoch. Here the state is one dict beside the weights.

    Args:
        patience: Number of epochs without improvement after which the training ends.
        reduce_patience: Number of epochs without improvement after which the learning rate is reduced; 0
            never reduces it.
        reduce_factor: Factor by which the learning rate is multiplied.
        checkpoint: Checkpoint that stores the state, or `None`.
        checkpoint_seconds: Shortest time between two checkpoints, in seconds.
        reduce_at: Epochs, counted from 1, after which the learning rate is always reduced. Defaults to `()`.
        choosing: Whether the best epoch is chosen by the loss; otherwise it is the last one. Defaults to
            True.
        writes: Whether this process writes the checkpoint; only one of several hosts does. Defaults to True.
    """

    def __init__(
        self,
        patience: int,
        reduce_patience: int,
        reduce_factor: float,
        checkpoint: Checkpoint | None,
        checkpoint_seconds: float,
        *,
        reduce_at: Sequence[int] = (),
        choosing: bool = True,
        writes: bool = True,
    ) -> None:
        super().__init__()
        self.patience = patience
        self.reduce_patience = reduce_patience
        self.reduce_factor = reduce_factor
        self.checkpoint = checkpoint
        self.checkpoint_seconds = checkpoint_seconds
        self.reduce_at = reduce_at
        self.choosing = choosing
        self.writes = writes
        self.best: float = float("inf")
        self.best_epoch: int = 0
        self.reduced_at: int = 0
        self.reductions: list[int] = []
        self.best_weights: list[np.ndarray] | None = None
        self.earlier: list[dict[str, float]] = []
        self.rows: list[dict[str, float]] = []
        self.ended = False
        self.saved_at: float = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = {key: float(value) for key, value in (logs or {}).items()}
        value = logs.get("val_loss", logs["loss"])
        if not np.isfinite(logs["loss"]) or not np.isfinite(value):
            raise FloatingPointError(f"The loss became {logs['loss']} in epoch {epoch + 1}; {NOT_FINITE}")
        self.rows.append(logs)
        reduces = epoch + 1 in self.reduce_at
        if not self.choosing:
            self.best, self.best_epoch = value, epoch
        elif value < self.best:
            self.best, self.best_epoch, self.reduced_at = value, epoch, epoch
            self.best_weights = self.model.get_weights()
        elif epoch - self.best_epoch >= self.patience:
            self.model.stop_training = True
        elif self.reduce_patience and epoch - self.reduced_at >= self.reduce_patience:
            reduces = True
        if reduces:
            self._reduce(self.model)
            self.reduced_at = epoch
            self.reductions.append(epoch + 1)
        due = time.monotonic() - self.saved_at > self.checkpoint_seconds
        if self.checkpoint is not None and self.writes and due:
            self.save(epoch + 1)

    def _reduce(self, model: keras.Model) -> None:
        model.optimizer.learning_rate = float(model.optimizer.learning_rate) * self.reduce_factor

    def finish(self) -> None:
        """Give the model its best weights. The checkpoint stays until the model is stored."""
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)

    def save(self, epoch: int) -> None:
        """Write the checkpoint of an epoch."""
        assert self.checkpoint is not None
        state: State = {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "reduced_at": self.reduced_at,
            "reductions": self.reductions,
            "rows": [*self.earlier, *self.rows],
        }
        self.checkpoint.save(epoch, self.model, self.best_weights, state)
        self.saved_at = time.monotonic()

    def saved_epoch(self) -> int:
        """Return the number of epochs trained before the checkpoint; 0 without a checkpoint."""
        state = self.checkpoint and self.checkpoint.state()
        return int(state["epoch"]) if state else 0

    def restore(self, model: keras.Model, learning_rate: float | None) -> int:
        """Restore the state of the checkpoint into this callback and a compiled model.

        Args:
            model: Compiled model.
            learning_rate: Learning rate at the start of the training, which may differ from the previous one.
                It is reduced as often as before. `None` if a schedule sets the learning rate.

        Returns:
            The number of the epoch with which the training continues, counted from 0.

        Raises:
            ValueError: If the checkpoint is damaged.
        """
        state = self.checkpoint and self.checkpoint.state()
        if not state or self.checkpoint is None:
            return 0
        self.best_weights = self.checkpoint.restore(model)
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.reduced_at, self.earlier = state["reduced_at"], state["rows"]
        self.reductions = state["reductions"]
        # A training that was killed while its model was stored had ended.
        self.ended = self.choosing and int(state["epoch"]) - 1 - self.best_epoch >= self.patience
        if learning_rate is not None:
            model.optimizer.learning_rate = learning_rate
            for _ in self.reductions:
                self._reduce(model)
        return int(state["epoch"])
