"""Texts, as strings on a server and as token ids on a device."""

from kerasae.export.views._view import Views
from kerasae.export.views.text._edge import TextEdgeView
from kerasae.export.views.text._server import TextServerView

__all__ = ["TextViews"]


class TextViews(Views):
    """Texts, as strings on a server and as token ids on a device."""

    server = TextServerView
    edge = TextEdgeView
