"""Texts."""

from typing import Any

import numpy as np
import pandas as pd

from kerasae.kinds._base import Kind
from kerasae.spec import END, PADDING, UNKNOWN, Spec


class Text(Kind):
    """Texts as padded token ids of shape `(tokens,)`."""

    is_array = False
    has_numbers = False
    unit = "character"
    parts = "tokens"
    written_as = "as UTF-8, one a line"

    @classmethod
    def example(cls) -> Spec:
        return Spec("text", (6,), "string", vocabulary=("", "[UNK]", "[END]", "a", "green", "hat"))

    @property
    def network(self) -> str:
        return "text"

    @property
    def preprocessing(self) -> str:
        return "text"

    @property
    def loss(self) -> str | None:
        return "tokens"

    @property
    def measures(self) -> str:
        return "text"

    @property
    def corruption(self) -> str:
        return "masking"

    @property
    def view(self) -> str:
        return "text"

    @property
    def described(self) -> str:
        return "texts"

    @property
    def largest_code(self) -> int | None:
        return None

    @property
    def feature_names(self) -> list[str]:
        return [f"token {number}" for number in range(self.spec.size)]

    @property
    def is_code(self) -> np.ndarray:
        return np.ones(1, bool)

    @property
    def column_names(self) -> list[str]:
        return ["text"]

    def as_frame(self, raw: Any) -> pd.DataFrame:
        return pd.DataFrame({"text": [str(text) for text in raw]})

    def watched(self, raw: Any, x: np.ndarray) -> pd.DataFrame:
        """Return the number of words, and the share of those that are not in the vocabulary."""
        words = ~np.isin(x, (PADDING, END))
        unknown = (x == UNKNOWN).sum(axis=1)
        count = words.sum(axis=1)
        return pd.DataFrame({"words": count, "unknown words": unknown / np.maximum(count, 1)})

    def points(self, x: np.ndarray) -> np.ndarray:
        raise TypeError("Distances of token ids mean nothing; expected points of the words.")

    def has_examples_like(self, spec: Spec) -> bool:
        return spec.kind == self.spec.kind
