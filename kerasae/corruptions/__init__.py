"""Corruptions, one in each file: noise on the input of an autoencoder."""

from kerasae import registry
from kerasae.corruptions._base import Corruption

globals().update(registry.members("corruption"))

__all__ = ["Corruption", *registry.members("corruption")]
