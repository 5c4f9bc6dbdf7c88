"""Kinds of examples, one a file: what depends on whether an example is an image, a row or a text."""

from kerasae import registry
from kerasae.kinds._base import Kind
from kerasae.kinds._rows import concatenate, take
from kerasae.spec import Spec

globals().update(registry.members("kind"))

__all__ = ["Kind", "concatenate", "kind_of", "take", *registry.members("kind")]


def kind_of(spec: Spec) -> Kind:
    """The kind of the examples that a spec describes.

    Raises:
        ValueError: if there is no such kind.
    """
    kind: Kind = registry.resolve("kind", spec.kind)(spec)
    return kind
