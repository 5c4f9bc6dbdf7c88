"""Kinds of examples, one a file: what depends on whether an example is an image, a row or a text."""

from kerasae import registry
from kerasae.kinds._base import Kind, kind_of
from kerasae.kinds._rows import concatenate, take

globals().update(registry.members("kind"))

__all__ = ["Kind", "concatenate", "kind_of", "take", *registry.members("kind")]
