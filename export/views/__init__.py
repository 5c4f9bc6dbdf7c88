"""Views: the form in which programs send examples to an artifact, a file or package for each form."""

from typing import Any

from kerasae.export.views._view import View, Views

from kerasae import registry
from kerasae.kinds import kind_of
from kerasae.preprocessing import Preprocessor
from kerasae.spec import Spec

__all__ = ["View", "Views", "edge_view", "server_view"]


def server_view(preprocessor: Preprocessor) -> View:
    """Return the view of a server: any number of rows in a call, tables by column, texts as strings."""
    return _views(preprocessor.spec).server(preprocessor, None)


def edge_view(preprocessor: Preprocessor) -> View:
    """Return the view of a device: one row in a call, numbers only."""
    return _views(preprocessor.spec).edge(preprocessor, 1)


def _views(spec: Spec) -> type[Views]:
    views: Any = registry.resolve("view", kind_of(spec).view)
    chosen: type[Views] = views
    return chosen
