"""Checkpoint: the state of a training in a folder, whole and checked."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasae.files import checksum, read_sealed, write_sealed

#: What was expected, and what to do.
NOT_FINITE = "expected a finite number: use a smaller --learning-rate, or --set train.clip_norm=1."


class Checkpoint:
    """The state of a training after an epoch: `N.npz` with all arrays, and `state.json`.

    `state.json` is written last. It names the file of arrays and holds its checksum, so that a kill or
    a full disk at any moment leaves the former checkpoint, and a damaged file is found.

    Args:
        folder: Folder of the two files. `save` makes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def path(self) -> Path:
        """The file that makes the checkpoint complete."""
        return self.folder / "state.json"

    def exists(self) -> bool:
        """Whether a complete checkpoint is there."""
        return self.path.is_file()

    def state(self) -> dict[str, Any] | None:
        """Read what `save` was given as `state`, and the `epoch`; `None` without a checkpoint.

        Raises:
            ValueError: if the file is damaged.
        """
        return self._checked(read_sealed, self.path) if self.exists() else None

    def check(self) -> Path | None:
        """Hold all files against their checksums.

        Returns:
            The file with the arrays; `None` without a checkpoint.

        Raises:
            ValueError: if one is missing or damaged, or a weight is NaN or infinite.
        """
        state = self.state()
        if state is None:
            return None
        path = self.folder / state["arrays"]
        if not path.is_file() or checksum(path) != state["arrays_sha256"]:
            raise ValueError(self._damaged(f"{path} is missing or its checksum differs"))
        with np.load(path) as stored:
            if not all(_finite(stored[name]) for name in stored.files):
                raise ValueError(
                    f"Expected finite weights in the checkpoint in {self.folder}, received NaN or infinite "
                    f"ones; remove the folder {self.folder}, so that the training begins again, with a "
                    "smaller --learning-rate or --set train.clip_norm=1 beside --resume."
                )
        return path

    def save(
        self,
        epoch: int,
        model: keras.Model,
        best_weights: Sequence[np.ndarray] | None,
        state: dict[str, Any],
    ) -> None:
        """Write the state after an epoch and remove the former one.

        Args:
            epoch: Number of epochs trained so far.
            model: Compiled model, with a built optimizer.
            best_weights: Weights of the best epoch, or `None`.
            state: What else to keep, as plain JSON values.

        Raises:
            OSError: if the disk is full or cannot be written. The former checkpoint stays then.
            FloatingPointError: if a weight is NaN or infinite. The former checkpoint stays then.
        """
        self.folder.mkdir(exist_ok=True)
        arrays: dict[str, Any] = {
            f"model_{i}": _value(variable) for i, variable in enumerate(_variables(model))
        }
        if not all(_finite(array) for array in arrays.values()):
            raise FloatingPointError(f"A weight became NaN or infinite in epoch {epoch}; {NOT_FINITE}")
        arrays |= {f"best_{i}": array for i, array in enumerate(best_weights or [])}
        path = self.folder / f"{epoch}.npz"
        try:
            np.savez(path, **arrays)
            write_sealed(
                self.path, {**state, "epoch": epoch, "arrays": path.name, "arrays_sha256": checksum(path)}
            )
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        for other in self.folder.iterdir():
            if other not in (path, self.path):
                other.unlink()

    def restore(self, model: keras.Model) -> list[np.ndarray] | None:
        """Put the stored variables into a compiled model and its optimizer.

        Args:
            model: Built as the one that was saved, and compiled.

        Returns:
            The weights of the best epoch, or `None`.

        Raises:
            ValueError: if a file is missing or damaged, belongs to another model, or holds NaN.
        """
        path = self.check()
        assert path is not None
        model.optimizer.build(model.trainable_variables)
        variables = _variables(model)
        with np.load(path) as stored:
            shapes = [stored[f"model_{i}"].shape for i in range(_count(stored, "model_"))]
            if shapes != [tuple(variable.shape) for variable in variables]:
                raise ValueError(
                    f"Expected a checkpoint of this model in {self.folder}, received arrays of other shapes."
                )
            arrays = [stored[f"model_{i}"] for i in range(len(variables))]
            for variable, array in zip(variables, arrays, strict=True):
                variable.assign(array)
            best = [stored[f"best_{i}"] for i in range(_count(stored, "best_"))]
        return best or None

    def remove(self) -> None:
        """Remove the checkpoint, if there is one."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _checked(self, read: Any, path: Path) -> Any:
        try:
            return read(path)
        except ValueError:
            raise ValueError(self._damaged(f"the checksum of {path} differs")) from None

    def _damaged(self, reason: str) -> str:
        return (
            f"Expected the checkpoint in {self.folder} as it was written, received a damaged one ({reason}); "
            f"remove the folder {self.folder} to begin again at the first epoch."
        )


def _variables(model: keras.Model) -> list[Any]:
    """All that a training changes, in a fixed order.

    Keras's weights files leave out the state of the random generators: Dropout would draw its first
    masks again.
    """
    seeds = [variable for variable in model.variables if variable.name == "seed_generator_state"]
    return [*model.weights, *seeds, *model.optimizer.variables]


def _value(variable: Any) -> np.ndarray:
    return np.asarray(variable.numpy())


def _finite(array: np.ndarray) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _count(stored: Any, prefix: str) -> int:
    return sum(name.startswith(prefix) for name in stored.files)
