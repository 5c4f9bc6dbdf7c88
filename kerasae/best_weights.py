"""BestWeights: what watches over a training, and what a resumed one needs to know."""

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np


class BestWeights(keras.callbacks.Callback):
    """Early stopping, learning-rate reduction, NaN guard and checkpoint, with one state.

    Keras has a callback for each, but a checkpoint of hers forgets what the others know: a resumed
    training would forget the best epoch. Here the state is one dict beside the weights.

    Args:
        patience: epochs without improvement before the training ends.
        reduce_patience: epochs without improvement before the learning rate falls; 0 for never.
        reduce_factor: what it is multiplied by then.
        checkpoint: folder of the state, or `None`.
        checkpoint_seconds: between two of its writings.
        reduce_at: epochs, counted from 1, after which the learning rate falls in any case.
        choosing: whether the epoch is chosen by the loss; otherwise the last one is kept.
        writes: whether this process writes the state; one of several hosts does.
    """

    def __init__(
        self,
        patience: int,
        reduce_patience: int,
        reduce_factor: float,
        checkpoint: Path | None,
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
        self.best = float("inf")
        self.best_epoch = 0
        self.reduced_at = 0
        self.reductions: list[int] = []
        self.best_weights: list[np.ndarray] | None = None
        self.earlier: list[dict[str, float]] = []
        self.rows: list[dict[str, float]] = []
        self.saved_at = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = {key: float(value) for key, value in (logs or {}).items()}
        value = logs.get("val_loss", logs["loss"])
        if not np.isfinite(logs["loss"]) or not np.isfinite(value):
            raise FloatingPointError(
                f"The loss became {logs['loss']} in epoch {epoch + 1}; expected a finite number: use "
                "a smaller --learning-rate, or --set train.clip_norm=1."
            )
        self.rows.append(logs)
        falls = epoch + 1 in self.reduce_at
        if not self.choosing:
            self.best, self.best_epoch = value, epoch
        elif value < self.best:
            self.best, self.best_epoch, self.reduced_at = value, epoch, epoch
            self.best_weights = self.model.get_weights()
        elif epoch - self.best_epoch >= self.patience:
            self.model.stop_training = True
        elif self.reduce_patience and epoch - self.reduced_at >= self.reduce_patience:
            falls = True
        if falls:
            optimizer = self.model.optimizer
            optimizer.learning_rate = float(optimizer.learning_rate) * self.reduce_factor
            self.reduced_at = epoch
            self.reductions.append(epoch + 1)
        due = time.monotonic() - self.saved_at > self.checkpoint_seconds
        if self.checkpoint is not None and self.writes and due:
            self.save(epoch + 1)

    def finish(self) -> None:
        """Gives the model its best weights and removes the checkpoint."""
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)
        if self.checkpoint is not None and self.writes:
            shutil.rmtree(self.checkpoint, ignore_errors=True)

    def save(self, epoch: int) -> None:
        """Writes the state. `state.json` comes last and names the files it goes with, so that a
        kill at any moment leaves a checkpoint that holds together."""
        assert self.checkpoint is not None
        self.checkpoint.mkdir(exist_ok=True)
        self.model.save_weights(self.checkpoint / f"{epoch}.weights.h5")
        # Keras's layers do not save the state of their seeds: Dropout would draw its first masks again.
        seeds = {f"seed_{i}": v.numpy() for i, v in enumerate(_seed_states(self.model))}
        np.savez(self.checkpoint / f"{epoch}.npz", *(self.best_weights or []), **seeds)
        state = {
            "epoch": epoch,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "reduced_at": self.reduced_at,
            "reductions": self.reductions,
            "rows": [*self.earlier, *self.rows],
        }
        new = self.checkpoint / "state.json.new"
        new.write_text(json.dumps(state))
        new.replace(self.checkpoint / "state.json")
        for path in self.checkpoint.iterdir():
            if path.name not in ("state.json", f"{epoch}.weights.h5", f"{epoch}.npz"):
                path.unlink()
        self.saved_at = time.monotonic()

    def _state(self) -> dict[str, Any] | None:
        path = self.checkpoint and self.checkpoint / "state.json"
        return json.loads(path.read_text()) if path and path.is_file() else None

    def saved_epoch(self) -> int:
        """How many epochs the checkpoint has behind it, 0 without one."""
        state = self._state()
        return int(state["epoch"]) if state else 0

    def restore(self, model: keras.Model) -> int:
        """Puts the state back into a compiled model; returns the epoch to begin with."""
        state = self._state()
        if state is None or self.checkpoint is None:
            return 0
        epoch = int(state["epoch"])
        model.optimizer.build(model.trainable_variables)
        model.load_weights(self.checkpoint / f"{epoch}.weights.h5")
        with np.load(self.checkpoint / f"{epoch}.npz") as stored:
            self.best_weights = [stored[name] for name in stored.files if name.startswith("arr_")] or None
            for i, variable in enumerate(_seed_states(model)):
                variable.assign(stored[f"seed_{i}"])
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.reduced_at, self.earlier = state["reduced_at"], state["rows"]
        self.reductions = state["reductions"]
        return epoch


def _seed_states(model: keras.Model) -> list[Any]:
    """The states of all random generators of a model, in a fixed order."""
    return [variable for variable in model.variables if variable.name == "seed_generator_state"]
