"""Vectors."""

from kerasae.kinds._base import Kind
from kerasae.spec import Spec


class Vector(Kind):
    """Rows of numbers without names, of shape `(features,)`."""

    is_measured = True
    unit = "feature"

    @classmethod
    def example(cls) -> Spec:
        return Spec("vector", (5,))
