"""Codec: the two verbs that evaluation and applications ask for."""

from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Codec(Protocol):
    """Anything that turns raw examples into codes and back.

    A trained autoencoder is one, PCA is one, and so is an exported artifact that was loaded again.
    `preprocessor` maps raw examples to `x`, the numbers in which errors are measured; `decode`
    gives a reconstruction in those numbers, before `inverse_transform` rounds it to the raw type.
    """

    preprocessor: Any

    @property
    def latent_dim(self) -> int:
        """Numbers per code."""

    def transform(self, raw: np.ndarray) -> np.ndarray:
        """Raw examples `(batch, ...)` to codes `(batch, latent_dim)`."""

    def inverse_transform(self, codes: np.ndarray) -> np.ndarray:
        """Codes `(batch, latent_dim)` to raw examples `(batch, ...)` of the original type."""

    def decode(self, codes: Any) -> Any:
        """Codes `(batch, latent_dim)` to reconstructions of `x`, `(batch, ...)`."""
