"""Preprocessor: raw examples to the numbers that a network sees, and back."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.spec import Spec


class Preprocessor(keras.layers.Layer):
    """Maps raw examples to `x` and back, inside the model.

    Fitted on the training split, saved with the model, and written into its artifacts, so that
    what is served is scaled as what was trained on.

    Args:
        spec: what one raw example is; its dict form is accepted too.

    Call arguments:
        inputs: raw examples, `(batch, ...)`.

    Returns:
        `x`, float32, `(batch, ...)`.
    """

    def __init__(self, spec: Spec | dict[str, Any], **kwargs: Any) -> None:
        # Raw integers must not be rounded to float16, nor x to the policy of the model.
        kwargs.setdefault("autocast", False)
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.spec = spec if isinstance(spec, Spec) else Spec.from_dict(spec)

    def fit(self, raw: np.ndarray) -> "Preprocessor":
        """Learns what it needs from the training examples; returns itself."""
        return self

    def inverse(self, x: Any) -> Any:
        """`x` back to raw units, float32, `(batch, ...)`; safe in a graph."""
        raise NotImplementedError(f"{type(self).__name__} must write `inverse`.")

    def restore(self, x: Any) -> np.ndarray:
        """`x` to raw examples of the original type: integers are rounded and kept in range."""
        raw = ops.convert_to_numpy(self.inverse(x))
        if self.spec.low is not None or self.spec.high is not None:
            raw = np.clip(raw, self.spec.low, self.spec.high)
        dtype = np.dtype(self.spec.dtype)
        if dtype.kind in "iub":
            raw = np.rint(raw)
            if dtype.kind in "iu":
                limits = np.iinfo(dtype)
                raw = np.clip(raw, limits.min, limits.max)
        return raw.astype(dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        return keras.KerasTensor(inputs.shape, "float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "spec": self.spec.to_dict()}
