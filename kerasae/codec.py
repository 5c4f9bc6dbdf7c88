"""Codec: the verbs that evaluation and applications ask for, and what tells one from another."""

import hashlib
import json
from typing import Any, Protocol, runtime_checkable

import joblib
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


def fingerprint(codec: Codec) -> str:
    """SHA-256 of what a codec has learnt, in hexadecimal; the same after it was saved and loaded.

    Of a model, its preprocessing and its weights, as the manifest of an export bundle has it; an
    artifact of a bundle answers with that of its model. Of any other codec, its attributes.
    """
    if isinstance(known := getattr(codec, "fingerprint", None), str):
        return known
    preprocessor: Any = codec.preprocessor
    config = {} if preprocessor is None else preprocessor.get_config()
    digest = hashlib.sha256(json.dumps(config, default=str).encode())
    if hasattr(codec, "get_weights"):
        for weight in codec.get_weights():
            digest.update(np.ascontiguousarray(weight).tobytes())
    else:
        learnt = {key: value for key, value in vars(codec).items() if value is not preprocessor}
        digest.update(joblib.hash(learnt).encode())
    return digest.hexdigest()
