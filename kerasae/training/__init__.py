"""Training: best weights, checkpoints, many devices, and processes that train.

Names are loaded when they are first used: a worker process imports `kerasae.training.workers` before
TensorFlow.
"""

import importlib
from typing import Any

_HOMES = {
    "History": "kerasae.training._history",
    "callbacks_of": "kerasae.training._callbacks",
    "check_callbacks": "kerasae.training._callbacks",
    "check_paths": "kerasae.training._callbacks",
    "gains_from_xla": "kerasae.training._xla",
    "retrained": "kerasae.training._again",
    "still_falling": "kerasae.training._still_falling",
    "train": "kerasae.training._train",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kerasae.training' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
