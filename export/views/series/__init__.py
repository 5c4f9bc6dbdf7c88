"""Windows of a series, in the units of their log."""

from typing import ClassVar

from kerasae.export.views._view import View, Views
from kerasae.export.views.series._edge import SeriesEdgeView
from kerasae.export.views.series._server import SeriesServerView

__all__ = ["SeriesViews"]


class SeriesViews(Views):
    """Windows of a series, in the units of their log."""

    server: ClassVar[type[View]] = SeriesServerView
    edge: ClassVar[type[View]] = SeriesEdgeView
