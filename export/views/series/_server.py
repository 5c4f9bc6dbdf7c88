"""Windows of a series on a server."""

from typing import Any

from kerasae.export.views.array import ArrayServerView
from kerasae.export.views.series._described import described


class SeriesServerView(ArrayServerView):
    """Windows of any number of rows, with NaN for a missing reading."""

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "series": described(self.preprocessor)}
