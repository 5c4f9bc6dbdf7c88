"""The families, one a file; importing this registers every class that a saved model may hold."""

from pathlib import Path
from typing import Any

import keras

import kerasae.constraints  # noqa: F401  (registered here, as a saved decoder may hold it)
from kerasae import registry
from kerasae.models._base import Autoencoder
from kerasae.models._deterministic import DeterministicAutoencoder

globals().update(registry.members("model"))

__all__ = ["Autoencoder", "DeterministicAutoencoder", "load_model", *registry.members("model")]


def load_model(path: str | Path, **kwargs: Any) -> Any:
    """`keras.saving.load_model` with the classes of this library registered.

    Args:
        path: a `.keras` file, or a run folder that holds one.
        **kwargs: as in Keras.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "model.keras"
    if not path.is_file():
        raise FileNotFoundError(f"Expected a .keras file or a run folder, found none at {path}.")
    return keras.saving.load_model(path, **kwargs)
