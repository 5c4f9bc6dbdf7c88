"""Options: what a user says about a log."""

import dataclasses
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from kerasae.data._columns.declared import Missing
from kerasae.spec import Column

#: Longest gap by default. If a tenth of the rows is missing at random, more than 5 rows in a run are missing
#: once in a million rows, and 5 rows are a small part of a window.
LONGEST_GAP = 5


class Known(Protocol):
    """What a training has found: the fitted `Spec` of a series."""

    @property
    def channels(self) -> Sequence[Column]:
        """Channels with their notations."""

    @property
    def step(self) -> float | None:
        """Seconds between two rows."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What a user says about a log, and what a training has found. `read_log` describes the arguments."""

    time: str | Sequence[str] | None = None
    group: str | None = None
    labels: str | None = None
    split: str | None = None
    drop: Sequence[str] = ()
    missing: Missing = ()
    resample: str | None = None
    step: float | None = None
    zone: str | None = None
    longest_gap: int = LONGEST_GAP
    header: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None
    skip: int | None = None
    sheet: str | None = None
    decimal: Literal[".", ","] | None = None
    dayfirst: bool | None = None
    on_error: Literal["raise", "skip"] = "raise"
    stream: bool | None = None
    known: Known | None = None
    clock: tuple[Column, ...] | None = None
    holds: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.longest_gap < 0:
            raise ValueError(
                f"`longest_gap` must be a number of rows from 0, received {self.longest_gap!r}; 0 cuts a log "
                "at each missing row."
            )
        if self.step is not None and not self.step > 0:
            raise ValueError(f"`step` must be a positive number of seconds, received {self.step!r}.")
        if self.zone is not None:
            check_zone(self.zone)

    @property
    def channels(self) -> tuple[Column, ...] | None:
        """Channels of the training, or `None` if they are to be found."""
        return None if self.known is None else tuple(self.known.channels)

    @property
    def known_step(self) -> float | None:
        """Seconds between two rows in the training, or `None`."""
        return None if self.known is None else self.known.step

    @property
    def times(self) -> tuple[str, ...] | None:
        """Names of the columns of time; `None` if they are to be found."""
        if self.time is None:
            return None
        return (self.time,) if isinstance(self.time, str) else tuple(self.time)

    @property
    def bin(self) -> int | None:
        """Nanoseconds of a bin, or `None` if the readings are not resampled."""
        return None if self.resample is None else bin_of(self.resample)


def bin_of(resample: str) -> int:
    """Return the length of a bin in nanoseconds.

    Raises:
        ValueError: if the text is no fixed length of time.
    """
    for text in (resample, f"1{resample}"):
        try:
            length = pd.Timedelta(text).as_unit("ns").value
        except (ValueError, OverflowError):
            continue
        if length > 0 and not text.strip().isdigit():
            return int(length)
    raise ValueError(
        f"`resample` must be a length of time such as 1s, 5min or 1h, received {resample!r}; months have no "
        "fixed length."
    )


def check_zone(zone: str) -> None:
    """Refuse an unknown time zone.

    Raises:
        ValueError: if the zone does not exist.
    """
    try:
        pd.DatetimeIndex(np.zeros(1, "datetime64[ns]")).tz_localize(zone)
    except (KeyError, ValueError, OSError, TypeError):
        raise ValueError(
            f"`zone` must be the name of a time zone such as Europe/Berlin or UTC, received {zone!r}."
        ) from None
