"""Tables, by column on a server and as one row of numbers on a device."""

from kerasae.export.views._view import Views
from kerasae.export.views.table._edge import TableEdgeView
from kerasae.export.views.table._server import TableServerView

__all__ = ["TableViews"]


class TableViews(Views):
    """Tables, by column on a server and as one row of numbers on a device."""

    server = TableServerView
    edge = TableEdgeView
