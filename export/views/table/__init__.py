"""Tables, by column on a server and as one row of numbers on a device."""

from typing import ClassVar

from kerasae.export.views._view import View, Views
from kerasae.export.views.table._edge import TableEdgeView
from kerasae.export.views.table._server import TableServerView

__all__ = ["TableViews"]


class TableViews(Views):
    """Tables, by column on a server and as one row of numbers on a device."""

    server: ClassVar[type[View]] = TableServerView
    edge: ClassVar[type[View]] = TableEdgeView
