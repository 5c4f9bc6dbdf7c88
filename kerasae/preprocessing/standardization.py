"""Features of mean 0 and standard deviation 1."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.preprocessing._base import Preprocessor
from kerasae.spec import Spec


@keras.saving.register_keras_serializable(package="kerasae")
class Standardization(Preprocessor):
    """`x_j = (raw_j - mean_j) / std_j`, feature by feature.

    Args:
        spec: what one raw example is.
        mean: of each feature, flattened; `None` until `fit`.
        std: of each feature, flattened; `None` until `fit`.

    Raises:
        ValueError: if a feature is constant in the training split.
    """

    def __init__(
        self,
        spec: Spec | dict[str, Any],
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(spec, **kwargs)
        self.mean = None if mean is None else [float(value) for value in mean]
        self.std = None if std is None else [float(value) for value in std]

    def fit(self, raw: np.ndarray) -> "Standardization":
        flat = raw.reshape(len(raw), -1).astype("float64")
        constant = np.flatnonzero(flat.min(axis=0) == flat.max(axis=0))
        if constant.size:
            shown = ", ".join(map(str, constant[:5])) + (", ..." if constant.size > 5 else "")
            raise ValueError(
                f"Standardization needs features that vary, received {constant.size} constant "
                f"column(s) of {flat.shape[1]} in the training split: {shown} (counted from 0); "
                "drop them, or use --set preprocessing.name=rescaling."
            )
        self.mean = flat.mean(axis=0).tolist()
        self.std = flat.std(axis=0).tolist()
        return self

    def _moments(self) -> tuple[Any, Any]:
        if self.mean is None or self.std is None:
            raise ValueError("The moments are not known yet; call `fit` with the training examples.")
        shape = self.spec.shape
        return np.array(self.mean, "float32").reshape(shape), np.array(self.std, "float32").reshape(shape)

    def call(self, inputs: Any) -> Any:
        mean, std = self._moments()
        return (ops.cast(inputs, "float32") - mean) / std

    def inverse(self, x: Any) -> Any:
        mean, std = self._moments()
        return ops.cast(x, "float32") * std + mean

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "std": self.std}
