"""Autoencoders for Keras 3 on TensorFlow.

Names are loaded when they are first used, so that `import kerasae` and `kerasae --help` stay quick:
importing TensorFlow alone takes four to five seconds.
"""

import importlib
from typing import Any

from kerasae.backend import require_tensorflow

__version__ = "0.1.0"

_HOMES = {
    "Data": "kerasae.data",
    "PCA": "kerasae.baselines",
    "Recipe": "kerasae.recipe",
    "Run": "kerasae.runs",
    "Spec": "kerasae.spec",
    "compare": "kerasae.metrics.comparison",
    "evaluate": "kerasae.metrics.evaluation",
    "load_data": "kerasae.data",
    "load_model": "kerasae.models",
    "train": "kerasae.training",
}

__all__ = [*_HOMES, "__version__"]

require_tensorflow()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kerasae' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
