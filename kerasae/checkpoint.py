"""Checkpoint: the state of a training in a folder, whole and checked."""

import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import keras
import numpy as np
import typeguard

from kerasae.files import checksum, read_arrays, read_sealed, write_sealed


class State(TypedDict):
    """What a training knows after an epoch, beside its arrays."""

    best: float
    best_epoch: int
    reduced_at: int
    reductions: list[int]
    rows: list[dict[str, float]]


class StoredState(State):
    """A state with the number of its epoch, and the name and the checksum of the file of arrays."""

    epoch: int
    arrays: str
    arrays_sha256: str


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

    def state(self) -> StoredState | None:
        """Read what `save` was given as `state`, and the `epoch`; `None` without a checkpoint.

        Raises:
            ValueError: if the file is damaged, or another version of kerasae wrote it.
        """
        if not self.exists():
            return None
        try:
            values = read_sealed(self.path)
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
        """Hold all files against their checksums, and read the arrays.

        Returns:
            All arrays by name; `None` without a checkpoint.

        Raises:
            ValueError: if one is missing or damaged, or a weight is NaN or infinite.
        """
        state = self.state()
        if state is None:
            return None
        # A name that is there: not every text can be one.
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
        """Write the state after an epoch and remove the former one.

        Args:
            epoch: Number of epochs trained so far.
            model: Compiled model, with a built optimizer.
            best_weights: Weights of the best epoch, or `None`.
            state: What else to keep.

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


def _numbered(stored: dict[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    """The arrays named by the prefix and 0, 1, 2 and so on, up to the first number that is missing."""
    names = (f"{prefix}{i}" for i in range(len(stored)))
    return [stored[name] for name in itertools.takewhile(stored.__contains__, names)]


def _fit(arrays: Sequence[np.ndarray], variables: Sequence[Any]) -> bool:
    """Whether there is an array of the right shape and type for each variable."""
    return [(array.shape, array.dtype.name) for array in arrays] == [
        (tuple(variable.shape), variable.dtype) for variable in variables
    ]
