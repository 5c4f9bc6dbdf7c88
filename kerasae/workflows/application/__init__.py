"""apply: a run put to use, with its model or with an artifact of it, beside its baselines."""

from kerasae.workflows.application.outcome import Outcome
from kerasae.workflows.application.run import apply

__all__ = ["Outcome", "apply"]
