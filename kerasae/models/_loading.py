"""load_model: loads a stored model after a check of its file."""

import importlib.util
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kerasae.files import reason_of

#: Files that Keras writes into every `.keras` archive.
_PARTS = {"metadata.json", "config.json", "model.weights.h5"}


def load_model(path: str | Path, **kwargs: Any) -> Any:
    """Load a model with `keras.saving.load_model`, with the classes of this library registered.

    Args:
        path: Path of a `.keras` file, or of a run folder that contains one. It may also be a handle from
            which Keras fetches a model: `hf://OWNER/NAME` with the package `huggingface_hub`, or a file in a
            file system that TensorFlow reads, such as `gs://BUCKET/model.keras`.
        **kwargs: Further arguments of `keras.saving.load_model`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or Keras cannot load it.
        OSError: If TensorFlow cannot read the file system of a handle.
        ImportError: If `hf://` is used without `huggingface_hub`.
    """
    if "://" in str(path):
        return _fetched(str(path), **kwargs)
    path = Path(path)
    if path.is_dir():
        path = path / "model.keras"
    if not path.is_file():
        raise FileNotFoundError(f"Expected a .keras file or a run folder, found none at {path}.")
    check_whole(path)
    try:
        return keras.saving.load_model(path, **kwargs)
    except Exception as error:  # Keras, HDF5 and any class in the file may raise
        if gone := sorted({*_gone(path)}):
            raise ValueError(
                f"Expected the classes that {path} names, found no {' and no '.join(gone)}; set KERASAE_PATH "
                f"to the folder that holds {'it' if len(gone) == 1 else 'them'}."
            ) from error
        raise ValueError(
            f"Expected a .keras file that Keras can load in {path}, received one that it cannot "
            f"({reason_of(error)}); restore it from a copy, train again, or import the classes that it names."
        ) from error


def _gone(path: Path) -> Iterator[str]:
    """Give the files of a user, as `losses/huber.py`, that the config of a model names and nobody finds."""
    try:
        parts: list[Any] = [json.loads(zipfile.ZipFile(path).read("config.json"))]
    except ValueError:
        return
    while parts:
        part = parts.pop()
        module = part.get("module") if isinstance(part, dict) else None
        if isinstance(module, str) and module.startswith("kerasae.") and not _found(module):
            yield f"{module.removeprefix('kerasae.').replace('.', '/')}.py"
        parts += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()


def _found(module: str) -> bool:
    package = module.rpartition(".")[0]
    return (not package or _found(package)) and importlib.util.find_spec(module) is not None


def _fetched(handle: str, **kwargs: Any) -> Any:
    try:
        return keras.saving.load_model(handle, **kwargs)
    except tf.errors.OpError as error:
        raise OSError(
            f"Expected a .keras file that can be read at {handle}, received: {reason_of(error)}"
        ) from None


def check_whole(path: Path) -> None:
    """Compare every part of a `.keras` file with the checksum in the archive.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            wrong = archive.testzip()
            missing = _PARTS - set(archive.namelist())
    except Exception as error:  # a damaged archive may raise any error
        reason = reason_of(error)
    else:
        if not wrong and not missing:
            return
        reason = f"the checksum of {wrong} differs" if wrong else f"no {', '.join(sorted(missing))} in it"
    raise ValueError(
        f"Expected a whole .keras file in {path}, received a damaged one ({reason}); "
        "restore it from a copy, or train again."
    )
