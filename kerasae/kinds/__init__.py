"""Kinds of examples, one in each file: all code that depends on the kind, an image, vector, table or text."""

from kerasae import registry
from kerasae.kinds._base import Kind, kind_of
from kerasae.kinds._rows import concatenate, take

globals().update(registry.members("kind"))

__all__ = ["Kind", "concatenate", "kind_of", "take", *registry.members("kind")]
