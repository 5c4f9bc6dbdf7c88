"""Codes and reconstructions of the examples of a split."""

from typing import Any

import numpy as np

from kerasae.codec import Codec
from kerasae.data import Data


def reconstruct(codec: Codec, raw: Any, batch_size: int = 2048) -> np.ndarray:
    """Return reconstructions of `x`, `(rows, ...)`, before any rounding to the raw type."""
    codes = codec.transform(raw)
    parts = [
        np.asarray(codec.decode(codes[start : start + batch_size]))
        for start in range(0, len(codes), batch_size)
    ]
    return np.concatenate(parts)


def codes_of(codec: Codec, data: Data, split: str) -> np.ndarray:
    """Return the codes of a split, `(rows, latent_dim)`."""
    return np.concatenate([codec.transform(raw) for raw in data.split(split).chunks()])
