"""Codec: the methods that evaluation and applications need; and fingerprint, which identifies a codec."""

import hashlib
import json
from typing import Any, Protocol, runtime_checkable

import joblib
import numpy as np


@runtime_checkable
class Codec(Protocol):
    """Protocol of an object that turns raw examples into codes and back.

    A trained autoencoder, a PCA baseline and a loaded artifact are codecs. `preprocessor` maps raw examples
    to `x`, the numbers in which errors are measured. `decode` returns a reconstruction of `x`, before
    `inverse_transform` rounds it to the raw type.
    """

    preprocessor: Any

    @property
    def latent_dim(self) -> int:
        """Code size: the number of entries of a code."""

    def transform(self, raw: np.ndarray) -> np.ndarray:
        """Encode raw examples, `(rows, ...)`, as codes, `(rows, latent_dim)`."""

    def inverse_transform(self, codes: np.ndarray) -> np.ndarray:
        """Decode codes, `(rows, latent_dim)`, to raw examples, `(rows, ...)`, of the original type."""

    def decode(self, codes: Any) -> Any:
        """Decode codes, `(rows, latent_dim)`, to reconstructions of `x`, `(rows, ...)`."""


@runtime_checkable
class HasPrior(Protocol):
    """Protocol of a codec whose codes follow a prior, from which it generates examples."""

    def sample(self, count: int, seed: int) -> Any:
        """Generate `count` raw examples, `(count, ...)`, from codes drawn with `seed`."""


@runtime_checkable
class HasPosterior(Protocol):
    """Protocol of a codec with a distribution of the code of each example."""

    def posterior(self, x: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the mean and the log-variance of the codes of `x`, each `(batch, latent_dim)`."""

    def sample_codes(self, raw: Any, seed: int) -> np.ndarray:
        """Draw one code for each raw example, `(rows, latent_dim)`."""


@runtime_checkable
class HasLikelihood(Protocol):
    """Protocol of a codec that says how likely each feature of an example is, and draws from that."""

    def accounts(self, raw: Any) -> dict[str, np.ndarray]:
        """Return the code of each raw example, and the evidence of each feature, by name."""

    def draw(self, codes: np.ndarray, seed: int) -> np.ndarray:
        """Draw `x`, `(rows, ...)`, from the likelihood of each code."""

    def realise(self, codes: np.ndarray, seed: int) -> Any:
        """Turn new codes into raw examples, `(rows, ...)`."""


@runtime_checkable
class HasParameters(Protocol):
    """Protocol of a codec that counts the numbers it has learned."""

    def count_params(self) -> int:
        """Return the number of learned numbers."""


def is_ordered(codec: Codec) -> bool:
    """Return whether a codec gives back the words of a text in their order; nearly all do."""
    return bool(getattr(codec, "ordered", True))


def is_numbered(codec: Codec) -> bool:
    """Return whether the code is the number of an example, so that codes have no meaningful distances."""
    return bool(getattr(codec, "numbered", False))


def fingerprint(codec: Codec) -> str:
    """Return a hexadecimal SHA-256 of what a codec has learned. Saving and loading do not change it.

    For a model the fingerprint covers its preprocessing and its weights. The manifest of an export bundle
    contains the same value, and an artifact of a bundle returns that of its model. For any other codec the
    fingerprint covers its attributes.
    """
    if isinstance(fixed_fingerprint := getattr(codec, "fingerprint", None), str):
        return fixed_fingerprint
    preprocessor: Any = codec.preprocessor
    config = {} if preprocessor is None else preprocessor.get_config()
    digest = hashlib.sha256(json.dumps(config, default=str).encode())
    if hasattr(codec, "get_weights"):
        for weight in codec.get_weights():
            digest.update(np.ascontiguousarray(weight).tobytes())
    else:
        attributes = {
            # A codec within a codec may hold a layer, whose state changes with each model that has it.
            key: fingerprint(value) if isinstance(value, Codec) else value
            for key, value in vars(codec).items()
            if value is not preprocessor
        }
        digest.update(joblib.hash(attributes).encode())
    return digest.hexdigest()
