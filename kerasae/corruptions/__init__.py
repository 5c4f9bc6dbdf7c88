"""Noise on the input, one kind a file."""

from kerasae import registry
from kerasae.corruptions._base import Corruption

globals().update(registry.members("corruption"))

__all__ = ["Corruption", "default", *registry.members("corruption")]


def default(kind: str) -> str:
    """The corruption that suits a kind of examples: columns swap entries, words are masked."""
    return {"table": "swap", "text": "masking"}.get(kind, "gaussian")
