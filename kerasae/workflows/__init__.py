"""The verbs of the library, each a function that does from Python what a command of its name does.

A workflow takes functions to call on its way, prints nothing, and returns an object with what came of it.
Names are loaded when they are first used: a search needs libraries that a training does without.
"""

import importlib
from typing import Any

_HOMES = {
    "Calibrated": "kerasae.export",
    "Comparison": "kerasae.workflows.comparison",
    "Evaluation": "kerasae.workflows.evaluation",
    "Exported": "kerasae.workflows.exporting",
    "Likelihood": "kerasae.workflows.evaluation",
    "Monitored": "kerasae.workflows.monitoring",
    "Outcome": "kerasae.workflows.application",
    "Trained": "kerasae.workflows.training",
    "Tuned": "kerasae.workflows.tuning",
    "Verdict": "kerasae.export",
    "apply": "kerasae.workflows.application",
    "calibrate": "kerasae.workflows.calibrating",
    "compare_families": "kerasae.workflows.comparison",
    "compare_runs": "kerasae.workflows.comparison",
    "continued": "kerasae.workflows.recipes",
    "evaluate": "kerasae.workflows.evaluation",
    "export": "kerasae.workflows.exporting",
    "make_recipe": "kerasae.workflows.recipes",
    "monitor": "kerasae.workflows.monitoring",
    "score": "kerasae.workflows.scoring",
    "train": "kerasae.workflows.training",
    "tune": "kerasae.workflows.tuning",
    "verify": "kerasae.export",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kerasae.workflows' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
