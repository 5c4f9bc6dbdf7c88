"""The families, one a file; importing this registers every class that a saved model may hold."""

import zipfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

import kerasae.constraints  # noqa: F401  (registered here, as a saved decoder may hold it)
from kerasae import registry
from kerasae.models._base import Autoencoder
from kerasae.models._deterministic import DeterministicAutoencoder

globals().update(registry.members("model"))

#: What Keras writes into every `.keras` file.
_PARTS = {"metadata.json", "config.json", "model.weights.h5"}

__all__ = ["Autoencoder", "DeterministicAutoencoder", "load_model", *registry.members("model")]


def load_model(path: str | Path, **kwargs: Any) -> Any:
    """`keras.saving.load_model` with the classes of this library registered.

    Args:
        path: A `.keras` file, or a run folder that holds one. Also a handle that Keras fetches a model by:
            `hf://OWNER/NAME` with the package `huggingface_hub`, or a file of a file system that TensorFlow
            reads, such as `gs://BUCKET/model.keras`.
        **kwargs: as in Keras.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged.
        OSError: if TensorFlow cannot read the file system of a handle.
        ImportError: for `hf://` without `huggingface_hub`.
    """
    if "://" in str(path):
        return _fetched(str(path), **kwargs)
    path = Path(path)
    if path.is_dir():
        path = path / "model.keras"
    if not path.is_file():
        raise FileNotFoundError(f"Expected a .keras file or a run folder, found none at {path}.")
    check_whole(path)
    return keras.saving.load_model(path, **kwargs)


def _fetched(handle: str, **kwargs: Any) -> Any:
    try:
        return keras.saving.load_model(handle, **kwargs)
    except tf.errors.OpError as error:
        reason = " ".join(error.message.split())
        raise OSError(f"Expected a .keras file that can be read at {handle}, received: {reason}") from None


def check_whole(path: Path) -> None:
    """Hold every part of a `.keras` file against the checksum that the archive keeps of it.

    Raises:
        ValueError: if the file is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            wrong = archive.testzip()
            missing = _PARTS - set(archive.namelist())
    except Exception as error:  # a damaged archive raises whatever its bytes happen to say
        reason = str(error) or type(error).__name__
    else:
        if not wrong and not missing:
            return
        reason = f"the checksum of {wrong} differs" if wrong else f"no {', '.join(sorted(missing))} in it"
    raise ValueError(
        f"Expected a whole .keras file in {path}, received a damaged one ({' '.join(reason.split())}); "
        "restore it from a copy, or train again."
    )
