"""Texts on a device, as token ids."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.feeds.text import TextFeed
from kerasae.export.views._view import View

from kerasae.preprocessing import Preprocessor
from kerasae.spec import END


class TextEdgeView(View):
    """Texts as token ids. The end token follows the text, then zeros up to the length."""

    def __init__(self, preprocessor: Preprocessor, batch: int | None) -> None:
        super().__init__(preprocessor, batch)
        self.feeding = TextFeed(self.spec, self.preprocessor.tokens, self.preprocessor.standardize)

    def inputs(self) -> dict[str, tf.TensorSpec]:
        return {"x": tf.TensorSpec((self.batch, *self.spec.shape), tf.int32, name="x")}

    def enter(self, sent: dict[str, Any]) -> Any:
        return sent["x"]

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        ends = tf.cast(tf.equal(x, END), tf.int32)
        return {name: tf.where(tf.cumsum(ends, axis=1, exclusive=True) > 0, tf.zeros_like(x), x)}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        return self.feeding(self.preprocessor.tensors(raw))

    def codes(self) -> np.ndarray:
        return np.ones(self.spec.size, bool)

    def numbers(self, sent: dict[str, Any], x: Any) -> Any:
        return tf.cast(x, self.real)

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        ids = np.array(x)
        for row in ids:
            ends = np.flatnonzero(row == END)
            if ends.size:
                row[ends[0] + 1 :] = 0
        return {name: ids}

    def vocabulary(self) -> dict[str, Any]:
        return {
            "kind": "text",
            "tokens": self.preprocessor.tokens,
            "standardize": self.preprocessor.standardize,
            "length": self.spec.shape[0],
            "padding": 0,
            "unknown": 1,
            "end": END,
            "ids": {token: i for i, token in enumerate(self.spec.vocabulary) if i > END},
        }
