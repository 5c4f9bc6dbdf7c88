"""Refuses a Keras backend other than TensorFlow before Keras is imported."""

import json
import os
import sys
from pathlib import Path


def require_tensorflow() -> None:
    """Raises an error that names the backend Keras would start, unless that is TensorFlow.

    Looks where Keras looks: a Keras that is already imported, then `KERAS_BACKEND`, then
    `keras.json` in `KERAS_HOME` or `~/.keras`.

    Raises:
        ImportError: if the backend is not TensorFlow.
    """
    if "keras" in sys.modules:
        backend = sys.modules["keras"].config.backend()
        source = "the Keras that is already imported"
    elif os.environ.get("KERAS_BACKEND"):
        backend, source = os.environ["KERAS_BACKEND"], "the variable KERAS_BACKEND"
    else:
        path = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
        try:
            backend = json.loads(path.read_text())["backend"]
        except (OSError, ValueError, KeyError, TypeError):
            return
        source = f"the file {path}"
    if backend != "tensorflow":
        raise ImportError(
            f"kerasae needs the Keras backend 'tensorflow', received {backend!r} from {source}; "
            "set KERAS_BACKEND=tensorflow before Keras is imported."
        )
