"""Images and vectors in their own type."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from kerasae.export.feeds._feed import Feed

from kerasae.preprocessing import array_tensors
from kerasae.spec import Spec


class ArrayFeed(Feed):
    """Images and vectors in the type that the artifact takes.

    Args:
        spec: Fitted spec of the arrays.
        dtype: Type of the input.
        origin: Number that is subtracted from each feature, because float32 would round what is far from 0.
            Defaults to 0.
    """

    def __init__(self, spec: Spec, dtype: str, origin: Any = 0.0) -> None:
        super().__init__(spec)
        self.dtype, self.origin = dtype, np.asarray(origin, "float64")

    def to_dict(self) -> dict[str, Any]:
        return {"dtype": self.dtype, "origin": self.origin.tolist()}

    def __call__(self, raw: Any) -> dict[str, np.ndarray]:
        numbers = array_tensors(raw, self.spec)
        if np.any(self.origin):
            numbers = numbers.astype("float64") - self.origin
        return {"x": numbers.astype(self.dtype)}

    def served(self, raw: Any, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        return {"x": array_tensors(raw, self.spec).astype(self.spec.dtype)}

    def of_entries(self, rows: Sequence[Any]) -> Any:
        return self.of_values([[_number(entry) for entry in row] for row in rows])

    def of_values(self, rows: Sequence[Any]) -> Any:
        try:
            raw = np.array(rows, "float64")
        except (ValueError, TypeError, OverflowError):
            raise ValueError(f"Expected lists of numbers of shape {self.spec.shape} in every line.") from None
        if len(raw) and raw[0].size == self.spec.size:
            raw = raw.reshape(len(raw), *self.spec.shape)
        self.check(raw)
        return raw

    def entry(self, raw: Any, row: int, feature: int) -> Any:
        cell = np.asarray(raw[row]).ravel()[feature]
        if isinstance(cell, np.bool_):
            return bool(cell)
        # The shortest digits of float32 too.
        value = float(str(cell))
        return value if np.isfinite(value) else None

    def check(self, raw: np.ndarray) -> None:
        """Raise a ValueError if numbers do not fit into the raw type: 300 is none of 8 bits."""
        kind = np.dtype(self.spec.dtype)
        if kind.kind not in "iu" or not raw.size:
            return
        low, high = np.iinfo(kind).min, np.iinfo(kind).max
        wrong = ~((raw >= low) & (raw <= high) & (raw == np.round(raw)))
        if wrong.any():
            raise ValueError(
                f"Expected whole numbers from {low} to {high} ({kind}), received {raw[wrong].flat[0]:g}."
            )


def _number(text: str) -> float:
    text = text.strip()
    try:
        return float(text) if text else float("nan")
    except ValueError:
        raise ValueError(f"Expected a number, received '{text}'.") from None
