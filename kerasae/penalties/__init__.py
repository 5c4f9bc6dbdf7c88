"""Penalties, one in each file: terms that are added to a reconstruction loss."""

from kerasae import registry
from kerasae.penalties._base import Penalty, average

globals().update(registry.members("penalty"))

__all__ = ["Penalty", "average", *registry.members("penalty")]
