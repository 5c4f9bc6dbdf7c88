"""Training: best weights, checkpoints, many devices, and processes that train.

Names are loaded when they are first used: a worker process imports `kerasae.training.workers` before
TensorFlow.
"""

import importlib
from typing import Any

__all__ = ["History", "gains_from_xla", "train"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'kerasae.training' has no attribute {name!r}")
    return getattr(importlib.import_module("kerasae.training._train"), name)


def __dir__() -> list[str]:
    return __all__
