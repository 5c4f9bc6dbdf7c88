"""Machine: the last window of one machine, reading by reading."""

from collections.abc import Iterator

import numpy as np
from kerasae.export.feeds import Reading
from kerasae.export.feeds.series import SeriesFeed
from kerasae.export.scoring.streams._grid import Grid, Place
from kerasae.export.scoring.streams._ring import Ring

from kerasae.spec import Timing


class Machine:
    """The last window of one machine.

    A short gap of the stamps is filled with missing readings. A long one begins the window anew.

    Args:
        feed: Feed of the windows.
    """

    def __init__(self, feed: SeriesFeed) -> None:
        steps, channels = feed.spec.shape
        self._feed = feed
        timing = feed.spec.timing or Timing(1.0)
        self._grid = Grid(timing)
        self._raw = Ring(steps, channels, feed.spec.dtype)
        self._sent = Ring(steps, channels, feed.dtype)
        self._holds = np.array(timing.holds or (1,) * channels)
        self._slow = bool((self._holds > 1).any())
        self._steps = steps
        self.reset()

    def reset(self) -> None:
        """Begin the window anew."""
        #: Number of readings that are needed for a whole window.
        self.needed = self._steps
        self._held = np.full(len(self._holds), np.nan)
        self._age = np.zeros(len(self._holds), "int64")

    def place(self, time: int | None) -> Place:
        """Return the place of the next reading, which begins the window anew if it must."""
        place = self._grid.place(time)
        if place.begins:
            self.reset()
        return place

    def add(self, reading: Reading, place: Place) -> Iterator[None]:
        """Add the missing readings before a reading and the reading, and yield after each one."""
        if place.left_out:
            return
        for _ in range(place.missing):
            self._add(np.full(len(self._holds), np.nan))
            yield
        self._add(reading.values)
        yield

    @property
    def raw(self) -> np.ndarray:
        """The window in raw units, `(1, steps, channels)`."""
        return self._raw.window

    @property
    def sent(self) -> dict[str, np.ndarray]:
        """The window as the inputs of a signature."""
        return {"x": self._sent.window}

    def _add(self, values: np.ndarray) -> None:
        if self._slow:
            # A reading of a slow channel holds until the next one.
            there = ~np.isnan(values)
            self._age = np.where(there, 0, self._age + 1)
            self._held = np.where(there, values, self._held)
            values = np.where(self._age < self._holds, self._held, np.nan)
        raw = values.astype(self._feed.spec.dtype)
        self._raw.add(raw)
        self._sent.add(self._feed.row(raw))
        self.needed = max(self.needed - 1, 0)
