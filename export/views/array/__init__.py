"""Arrays of numbers, such as images and vectors, in their own type and units."""

from typing import ClassVar

from kerasae.export.views._view import View, Views
from kerasae.export.views.array._edge import ArrayEdgeView as ArrayEdgeView
from kerasae.export.views.array._server import ArrayServerView as ArrayServerView

__all__ = ["ArrayViews"]


class ArrayViews(Views):
    """Arrays of numbers, such as images and vectors, in their own type and units."""

    server: ClassVar[type[View]] = ArrayServerView
    edge: ClassVar[type[View]] = ArrayEdgeView
