"""Checkpoint: the state of a training in a folder, written atomically and checked when it is read."""

import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import keras
import numpy as np
import typeguard

from kerasae.files import NewerFormatError, checksum, read_arrays, read_sealed, write_sealed


class State(TypedDict):
    """State of a training after an epoch, without its arrays."""

    best: float
    best_epoch: int
    reduced_at: int
    reductions: list[int]
    rows: list[dict[str, float]]


class StoredState(State):
    """State with the number of its epoch, and the name and the checksum of the file of arrays."""

    epoch: int
    arrays: str
    arrays_sha256: str


#: Number of the format of both files.
FORMAT = 1
#: End of an error message: the expected value, and what to do.
NOT_FINITE = "expected a finite number: use a smaller --learning-rate, or --set train.clip_norm=1."


class Checkpoint:
    """State of a training after an epoch: `N.npz` with all arrays, and `state.json`.

    `state.json` is written last. It contains the name and the checksum of the file of arrays. A kill or a
    full disk at any moment therefore leaves the previous checkpoint intact, and a damaged file is detected.

    Args:
        folder: Folder of the two files, which `save` creates.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def path(self) -> Path:
        """Path of the file that completes the checkpoint."""
        return self.folder / "state.json"

    def exists(self) -> bool:
        """Return whether there is a complete checkpoint."""
        return self.path.is_file()

    def state(self) -> StoredState | None:
        """Read the `state` and the `epoch` that were given to `save`; `None` without a checkpoint.

        Raises:
            ValueError: If the file is damaged, or another version of kerasae wrote it.
        """
        if not self.exists():
            return None
        try:
            values = read_sealed(self.path, FORMAT)
        except NewerFormatError:
            raise
        except ValueError:
            raise ValueError(self._damaged(f"the checksum of {self.path} differs")) from None
        try:
            return typeguard.check_type(
                values,
                StoredState,
                collection_check_strategy=typeguard.CollectionCheckStrategy.ALL_ITEMS,
            )
        except typeguard.TypeCheckError as error:
            raise ValueError(
                f"Expected a checkpoint of this version of kerasae in {self.folder}, received another state "
                f"({error}); {self._remedy}."
            ) from None

    def check(self) -> dict[str, np.ndarray] | None:
        """Compare all files with their checksums, and read the arrays.

        Returns:
            All arrays by name; `None` without a checkpoint.

        Raises:
            ValueError: If a file is missing or damaged, or a weight is NaN or infinite.
        """
        state = self.state()
        if state is None:
            return None
        # The name is looked up in the folder, because not every text is a valid file name.
        path = next((path for path in self.folder.iterdir() if path.name == state["arrays"]), None)
        if path is None or not path.is_file() or checksum(path) != state["arrays_sha256"]:
            name = state["arrays"]
            raise ValueError(self._damaged(f"the file {name!r:.100} is missing or its checksum differs"))
        try:
            arrays = read_arrays(path)
        except ValueError as error:
            raise ValueError(self._damaged(str(error).rstrip("."))) from None
        if not all(map(_finite, arrays.values())):
            raise ValueError(
                f"Expected finite weights in the checkpoint in {self.folder}, received NaN or infinite "
                f"ones; remove the folder {self.folder}, so that the training begins again, with a "
                "smaller --learning-rate or --set train.clip_norm=1 beside --resume."
            )
        return arrays

    def save(
        self,
        epoch: int,
        model: keras.Model,
        best_weights: Sequence[np.ndarray] | None,
        state: State,
    ) -> None:
        """Write the state after an epoch, and remove the previous one.

        Args:
            epoch: Number of epochs trained so far.
            model: Compiled model, with a built optimizer.
            best_weights: Weights of the best epoch, or `None`.
            state: Rest of the state.

        Raises:
            OSError: If the disk is full or cannot be written. The previous checkpoint is kept.
            FloatingPointError: If a weight is NaN or infinite. The previous checkpoint is kept.
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
            stored = {**state, "epoch": epoch, "arrays": path.name, "arrays_sha256": checksum(path)}
            write_sealed(self.path, stored, FORMAT)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        for other in self.folder.iterdir():
            if other not in (path, self.path):
                other.unlink()

    def restore(self, model: keras.Model) -> list[np.ndarray] | None:
        """Put the stored variables into a compiled model and its optimizer.

        Args:
            model: Compiled model with the same layers as the saved one.

        Returns:
            The weights of the best epoch, or `None`.

        Raises:
            ValueError: If a file is missing or damaged, belongs to another model, or contains NaN.
        """
        stored = self.check()
        assert stored is not None
        model.optimizer.build(model.trainable_variables)
        variables = _variables(model)
        current, best = _numbered(stored, "model_"), _numbered(stored, "best_")
        fits = _fit(current, variables) and (not best or _fit(best, model.weights))
        if not fits or len(current) + len(best) != len(stored):
            raise ValueError(
                f"Expected a checkpoint of this model in {self.folder}, received arrays of other shapes or "
                f"types; {self._remedy}."
            )
        for variable, array in zip(variables, current, strict=True):
            variable.assign(array)
        return best or None

    def remove(self) -> None:
        """Remove the checkpoint, if there is one."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _damaged(self, reason: str) -> str:
        return (
            f"Expected the checkpoint in {self.folder} as it was written, received a damaged one ({reason}); "
            f"{self._remedy}."
        )

    @property
    def _remedy(self) -> str:
        return f"remove the folder {self.folder} to begin again at the first epoch"


def _variables(model: keras.Model) -> list[Any]:
    """Return all variables that a training changes, in a fixed order.

    Weights files of Keras do not contain the states of random generators. Without them, Dropout would draw
    its first masks again.
    """
    seeds = [variable for variable in model.variables if variable.name == "seed_generator_state"]
    return [*model.weights, *seeds, *model.optimizer.variables]


def _value(variable: Any) -> np.ndarray:
    return np.asarray(variable.numpy())


def _finite(array: np.ndarray) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _numbered(stored: dict[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    """Return the arrays with the names prefix plus 0, 1, 2 and so on, up to the first missing number."""
    names = (f"{prefix}{i}" for i in range(len(stored)))
    return [stored[name] for name in itertools.takewhile(stored.__contains__, names)]


def _fit(arrays: Sequence[np.ndarray], variables: Sequence[Any]) -> bool:
    """Return whether each variable has an array of its shape and type."""
    return [(array.shape, array.dtype.name) for array in arrays] == [
        (tuple(variable.shape), variable.dtype) for variable in variables
    ]
