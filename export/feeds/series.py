"""Windows of a series, and single readings of all channels, as a device takes them."""

from collections.abc import Sequence
from typing import Any

from kerasae.export.feeds.array import ArrayFeed

from kerasae.kinds import kind_of


class SeriesFeed(ArrayFeed):
    """Windows of a series in the type that the artifact takes. A missing reading is NaN."""

    def of_values(self, rows: Sequence[Any]) -> Any:
        try:
            return super().of_values(rows)
        except ValueError:
            steps, channels = self.spec.shape
            names = ", ".join(kind_of(self.spec).channel_names)
            raise ValueError(
                f"Expected windows of {steps} readings of {channels} channels ({names}), "
                "null for a missing one."
            ) from None
