"""Windows of a series, and single readings of all channels, as a device takes them."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from kerasae.export.feeds._reading import ReadingFeed
from kerasae.export.feeds.array import ArrayFeed

from kerasae.kinds import kind_of


class SeriesFeed(ArrayFeed):
    """Windows of a series in the type that the artifact takes. A missing reading is NaN.

    A line of a file or a pipe is one reading of all channels.
    """

    def of_lines(self) -> ReadingFeed:
        return ReadingFeed(self.spec)

    def row(self, values: np.ndarray) -> np.ndarray:
        """Return one reading of all channels as a window has it in the inputs of a signature, `(channels,)`.

        Args:
            values: Raw numbers, `(channels,)`.
        """
        if self._shift is None:
            return values.astype(self.dtype)
        return (values.astype("float64") - self._shift).astype(self.dtype)

    @cached_property
    def _shift(self) -> np.ndarray | None:
        """Origin of each channel, the same at each step; `None` if all are 0."""
        return np.broadcast_to(self.origin, self.spec.shape)[0] if np.any(self.origin) else None

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
