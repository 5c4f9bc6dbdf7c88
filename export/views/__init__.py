"""The view that suits a kind of examples, on a server and on a device."""

from typing import Any

from kerasae.export.views._view import View
from kerasae.export.views.array._server import ArrayEdgeView, ArrayView
from kerasae.export.views.table._server import TableEdgeView, TableServerView
from kerasae.export.views.text._server import TextEdgeView, TextServerView

_SERVER = {"table": TableServerView, "text": TextServerView}
_EDGE = {"table": TableEdgeView, "text": TextEdgeView}


def server_view(preprocessor: Any) -> View:
    """Return the view of a server: any number of rows a call, strings and columns by name."""
    return _SERVER.get(preprocessor.spec.kind, ArrayView)(preprocessor, None)


def edge_view(preprocessor: Any) -> View:
    """Return the view of a device: one row a call, numbers alone."""
    return _EDGE.get(preprocessor.spec.kind, ArrayEdgeView)(preprocessor, 1)
