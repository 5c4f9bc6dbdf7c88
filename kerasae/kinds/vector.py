"""Vectors."""

from kerasae.kinds._base import Kind
from kerasae.spec import Spec


class Vector(Kind):
    """Vectors of shape `(features,)`: rows of numbers without column names."""

    is_measured = True
    unit = "feature"

    @classmethod
    def example(cls) -> Spec:
        return Spec("vector", (5,))

    @property
    def anomaly_score(self) -> str:
        return "evidence"
