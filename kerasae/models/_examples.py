"""check_examples: the shape of what a model is given."""

from collections.abc import Sequence
from typing import Any


def check_examples(x: Any, expected: Sequence[int | None]) -> None:
    """Check the shape of examples.

    Args:
        x: Examples, `(rows, ...)`.
        expected: Shape `(None, ...)`, in which `None` stands for any size.

    Raises:
        ValueError: If the examples have another shape.
    """
    received = tuple(x.shape)
    fits = len(received) == len(expected) and all(
        size in (None, actual) for size, actual in zip(expected[1:], received[1:], strict=True)
    )
    if not fits:
        shape = ", ".join(["rows", *map(str, expected[1:])])
        raise ValueError(f"Expected examples of shape ({shape}), received shape {received}.")
