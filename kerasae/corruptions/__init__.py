"""Noise on the input, one kind a file."""

from kerasae import registry
from kerasae.corruptions._base import Corruption

globals().update(registry.members("corruption"))

__all__ = ["Corruption", *registry.members("corruption")]
