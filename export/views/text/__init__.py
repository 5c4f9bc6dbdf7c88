"""Texts, as strings on a server and as token ids on a device."""

from typing import ClassVar

from kerasae.export.views._view import View, Views
from kerasae.export.views.text._edge import TextEdgeView
from kerasae.export.views.text._server import TextServerView

__all__ = ["TextViews"]


class TextViews(Views):
    """Texts, as strings on a server and as token ids on a device."""

    server: ClassVar[type[View]] = TextServerView
    edge: ClassVar[type[View]] = TextEdgeView
