"""ServerModel: a SavedModel as a server loads it."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

#: Characters of patterns. TensorFlow takes the path of a checkpoint for a pattern.
_PATTERN = frozenset("*?[]\\")


@contextlib.contextmanager
def plainly_named(folder: Path) -> Iterator[Path]:
    """Yield a folder whose path TensorFlow does not take for a pattern: the folder itself, or a copy."""
    if not _PATTERN & set(str(folder.absolute())):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="kerasae-") as home:
        yield shutil.copytree(folder, Path(home) / "model")


class ServerModel:
    """SavedModel as a server loads it.

    Args:
        folder: Folder of a version.
    """

    def __init__(self, folder: str | Path) -> None:
        with plainly_named(Path(folder)) as plain:
            self._loaded = tf.saved_model.load(str(plain))

    def signatures(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return shape and dtype of each input and output by signature; `None` is any number of rows."""
        described = {}
        for name, function in self._loaded.signatures.items():
            sides = {"inputs": function.structured_input_signature[1], "outputs": function.structured_outputs}
            described[name] = {
                side: {
                    key: {"shape": list(spec.shape), "dtype": spec.dtype.name}
                    for key, spec in sorted(specs.items())
                }
                for side, specs in sides.items()
            }
        return described

    def call(self, signature: str, sent: dict[str, Any]) -> dict[str, Any]:
        """Return the outputs for tensors of inputs, both by name."""
        return self._loaded.signatures[signature](**sent)

    def run(self, signature: str, sent: dict[str, np.ndarray], rows: int = 128) -> dict[str, np.ndarray]:
        """Return the outputs for arrays of inputs, in batches of `rows`; PNG files as pixels."""
        inputs = self._loaded.signatures[signature].structured_input_signature[1]
        count = len(next(iter(sent.values())))
        parts = []
        for start in range(0, count, rows):
            part = {
                key: tf.constant(value[start : start + rows].tolist(), inputs[key].dtype)
                if value.dtype == object
                else tf.constant(value[start : start + rows], inputs[key].dtype)
                for key, value in sent.items()
            }
            answered = self._loaded.signatures[signature](**part)
            parts.append({key: _readable(key, value.numpy()) for key, value in answered.items()})
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def _readable(name: str, values: np.ndarray) -> np.ndarray:
    return np.stack([tf.io.decode_png(one).numpy() for one in values]) if name == "png_bytes" else values
