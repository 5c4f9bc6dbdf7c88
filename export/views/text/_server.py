"""Texts on a server, as strings."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.views._view import View


class TextServerView(View):
    """Texts as strings, without the tokens that mark their end."""

    def inputs(self) -> dict[str, tf.TensorSpec]:
        return {"x": tf.TensorSpec((self.batch,), tf.string, name="x")}

    def enter(self, sent: dict[str, Any]) -> Any:
        return self.preprocessor(sent["x"])

    def leave(self, x: Any, name: str) -> dict[str, Any]:
        words = self.preprocessor.inverse(x)
        if self.preprocessor.tokens == "words":
            return {name: tf.strings.strip(tf.strings.reduce_join(words, axis=1, separator=" "))}
        return {name: tf.strings.reduce_join(words, axis=1)}

    def feed(self, raw: Any) -> dict[str, np.ndarray]:
        return {"x": self.preprocessor.tensors(raw)}

    @property
    def real(self) -> tf.DType:
        return tf.float32

    def codes(self) -> np.ndarray:
        return np.ones(self.spec.size, bool)

    def numbers(self, sent: dict[str, Any], x: Any) -> Any:
        return tf.cast(x, self.real)

    def expected(self, x: np.ndarray, name: str) -> dict[str, np.ndarray]:
        return {name: self.preprocessor.restore(x)}
