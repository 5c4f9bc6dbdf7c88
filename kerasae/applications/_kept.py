"""Storage of a fitted application: its settings and what it learned, as a folder of checked files."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
import pandas as pd

from kerasae.codec import Codec, fingerprint
from kerasae.files import (
    NewerFormatError,
    checksum,
    put_back,
    read_arrays,
    read_sealed,
    replaced_folder,
    write_arrays,
    write_sealed,
)
from kerasae.models import load_model

#: Key that marks a value which is stored in a file of its own. The value is the kind of the file.
_FILE = "in file"
_FITTED = "application.json"
_ARRAYS = "arrays.npz"
#: Number of the format: of the folder, and of the states of all applications.
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Kept:
    """What a fitted application needs to work without the training data.

    `application.json` holds the plain values and the checksums of all other files. `arrays.npz` holds the
    arrays. A table is a Parquet file, and a Keras model or layer with weights is a `.keras` file; both are
    named after their place in `state`. The folder is written as a whole, in place of an earlier one.

    Args:
        settings: Arguments of the constructor, without the codec.
        state: What `fit` learned: a dict with text keys, of arrays of numbers, booleans or texts, tables,
            Keras models, numbers, texts, lists and dicts. Tuples come back as lists.
        spec: Description of the examples.
    """

    settings: Mapping[str, Any]
    state: Mapping[str, Any]
    spec: Mapping[str, Any]

    def write(self, folder: Path, codec: Codec) -> None:
        """Write into a folder, which is replaced.

        Raises:
            FileExistsError: If another process writes it.
            TypeError: If `state` holds something else than the types above.
        """
        with replaced_folder(folder) as new:
            arrays: dict[str, np.ndarray] = {}
            values = _written(dict(self.state), "", new, arrays)
            write_arrays(new / _ARRAYS, arrays)
            content = {"settings": dict(self.settings), "spec": dict(self.spec), "state": values}
            content["model"] = fingerprint(codec)
            content["files"] = {path.name: checksum(path) for path in sorted(new.iterdir())}
            write_sealed(new / _FITTED, content, FORMAT)

    @classmethod
    def read(cls, folder: Path, codec: Codec) -> Self:
        """Read what `write` wrote.

        Raises:
            FileNotFoundError: If nothing is stored there.
            ValueError: If it is damaged, a newer kerasae wrote it, or it was fitted for another model.
        """
        if not is_kept(folder):
            raise FileNotFoundError(f"Expected a fitted application in {folder}, found none.")
        try:
            content = read_sealed(folder / _FITTED, FORMAT)
            for name, written in content["files"].items():
                if checksum(folder / name) != written:
                    raise ValueError(f"Expected {folder / name} as it was written: its checksum differs.")
            arrays = read_arrays(folder / _ARRAYS)
            if content["model"] == fingerprint(codec):
                state = _read(content["state"], "", folder, arrays)
        except NewerFormatError:
            raise
        except (ValueError, KeyError, OSError) as error:
            raise ValueError(
                f"Expected the fitted application in {folder}, received a damaged one ({error}); fit it "
                "again with --refit."
            ) from None
        if content["model"] != fingerprint(codec):
            raise ValueError(
                f"Expected an application for the model of {folder.parent.parent}, received one in {folder} "
                "that was fitted for an earlier model; fit it again with --refit."
            )
        return cls(content["settings"], state, content["spec"])

    def check(self, folder: Path, given: Mapping[str, Any]) -> None:
        """Check that the user asks for no settings that would give another fit.

        Args:
            folder: Folder, for the message.
            given: Settings of the user that decide what is fitted.

        Raises:
            ValueError: If one differs from that which was stored.
        """
        for key, value in given.items():
            stored = self.settings.get(key)
            if _plain(value) != _plain(stored):
                raise ValueError(
                    f"Expected the settings of the fitted application that is stored in {folder} "
                    f"({key}: {_words(stored)}), received {key}: {_words(value)}; leave it out to use the "
                    "stored one, or add --refit to fit another one on the training data."
                )


def is_kept(folder: Path) -> bool:
    """Return whether a folder holds a fitted application, also if its change was killed."""
    put_back(folder)
    return (folder / _FITTED).is_file()


def _written(value: Any, place: str, folder: Path, arrays: dict[str, np.ndarray]) -> Any:
    """Return a value as JSON; arrays, tables and models go to files and are marked."""
    match value:
        case np.ndarray() if value.dtype.kind in "biufU":
            arrays[place] = value
            return {_FILE: "array"}
        case pd.DataFrame():
            value.to_parquet(folder / f"{place}.parquet")
            return {_FILE: "table"}
        case keras.layers.Layer():
            value.save(folder / f"{place}.keras")
            return {_FILE: "model"}
        case dict():
            return {key: _written(part, _inside(place, key), folder, arrays) for key, part in value.items()}
        case list() | tuple():
            return [
                _written(part, _inside(place, number), folder, arrays) for number, part in enumerate(value)
            ]
        case np.generic():
            return _written(value.item(), place, folder, arrays)
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"Expected arrays, tables, models or plain values, received {value!r} as {place}.")


def _read(value: Any, place: str, folder: Path, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return what `_written` was given."""
    if isinstance(value, dict):
        if {*value} == {_FILE}:
            if value[_FILE] == "array":
                return arrays[place]
            if value[_FILE] == "table":
                return pd.read_parquet(folder / f"{place}.parquet")
            return load_model(folder / f"{place}.keras")
        return {key: _read(part, _inside(place, key), folder, arrays) for key, part in value.items()}
    if isinstance(value, list):
        return [_read(part, _inside(place, number), folder, arrays) for number, part in enumerate(value)]
    return value


def _inside(place: str, key: str | int) -> str:
    return f"{place}.{key}" if place else str(key)


def _plain(value: Any) -> Any:
    """Return a setting in the form in which it is compared: a name equals a dict with only a name."""
    if isinstance(value, dict):
        return value["name"] if {*value} == {"name"} else {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _words(value: Any) -> str:
    return str(value) if value is not None else "none"
