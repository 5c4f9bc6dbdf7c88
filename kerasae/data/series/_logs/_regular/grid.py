"""Grid: rows placed on a regular grid of time, whose phase follows the clock of the recording."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np

from kerasae.data.series._logs.rows import Rows, combined

#: Number of rows from which the phase of the grid is found.
_CHUNK = 256
#: Greatest distance from its place, in steps, of a row that makes room for another.
_ROOM = 0.75
#: Drift of the phase, in steps, from which a stretch has a step of its own.
_DRIFT = 0.5


@dataclasses.dataclass
class Fit:
    """How well stamps fit a grid.

    Attributes:
        rows: Number of rows.
        crowded: Number of rows that share a place with others.
        moved: Sum of the distances of the rows from their places, in steps.
        farthest: Greatest of these distances.
        together: Sum of the cosines of the distances, with one turn for a step. It is 0 on average if
            stamps have nothing to do with a grid, and the number of rows if they lie on one.
        single: Number of rows that are a stretch alone.
    """

    rows: int = 0
    crowded: int = 0
    moved: float = 0.0
    farthest: float = 0.0
    together: float = 0.0
    single: int = 0


@dataclasses.dataclass(frozen=True)
class Piece:
    """Rows of one stretch with their places.

    Args:
        rows: Rows, one for each place.
        places: Places, `(rows,)`, in rising order, from 0 for the first row of the stretch.
        start: Time of the place 0 in nanoseconds.
        ended: Whether the stretch ends here.
        step: Nanoseconds between two places, once the stretch ends.
    """

    rows: Rows
    places: np.ndarray
    start: int
    ended: bool
    step: float


def gridded(
    batches: Iterator[Rows], step: float, longest_gap: int, booleans: np.ndarray, fit: Fit
) -> Iterator[Piece]:
    """Give rows with their places on a grid, stretch by stretch.

    The phase of the grid is the median over 256 rows, and follows a clock that drifts. If two rows have the
    same nearest place and the next one is free, one of them goes there. Otherwise they become one row.

    Args:
        batches: Rows in the order of their stamps, one for each stamp.
        step: Nanoseconds between two places.
        longest_gap: Greatest number of missing rows in a stretch.
        booleans: Whether each channel is a boolean.
        fit: Measure of the fit, which is filled.
    """
    stretch: _Stretch | None = None
    before: int | None = None
    for rows in batches:
        if not len(rows):
            continue
        fit.rows += len(rows)
        gaps = np.diff(rows.stamps) if before is None else np.diff(rows.stamps, prepend=before)
        cuts = np.flatnonzero(gaps > (longest_gap + 1.5) * step) + (before is None)
        before = int(rows.stamps[-1])
        edges = [0, *cuts[cuts > 0].tolist(), len(rows)]
        for number, (begin, end) in enumerate(itertools.pairwise(edges)):
            if stretch is not None and (number or 0 in cuts):
                yield from stretch.pieces(None, booleans)
                stretch = None
            if stretch is None:
                stretch = _Stretch(int(rows.stamps[begin]), step, fit)
            yield from stretch.pieces(rows[begin:end], booleans)
    if stretch is not None:
        yield from stretch.pieces(None, booleans)


class _Stretch:
    """A stretch that grows.

    Args:
        origin: Stamp of the first row.
        step: Nanoseconds between two places.
        fit: Measure of the fit.
    """

    def __init__(self, origin: int, step: float, fit: Fit) -> None:
        self._origin, self._step, self._fit = origin, step, fit
        #: Rows whose phase is not known yet.
        self._fresh: list[Rows] = []
        #: Rows with the nearest places and the positions from which these were rounded.
        self._placed: tuple[Rows, np.ndarray, np.ndarray] | None = None
        self._phases: tuple[float, float] | None = None
        self._first: int | None = None
        self._last = 0

    def pieces(self, rows: Rows | None, booleans: np.ndarray) -> Iterator[Piece]:
        """Give the rows whose places are certain. `None` ends the stretch."""
        if rows is not None:
            self._fresh.append(rows)
        fresh = Rows.joined(self._fresh)
        ready = len(fresh) if rows is None else len(fresh) // _CHUNK * _CHUNK
        self._fresh = [fresh[ready:]]
        if ready:
            self._place(fresh[:ready])
        if self._placed is None:
            return
        placed, places, exact = self._placed
        places = self._settled(places, exact, ended=rows is None)
        # The last rows may still make room for others.
        done = len(places) if rows is None else max(len(places) - 2, 0)
        while rows is not None and 0 < done < len(places) and places[done] == places[done - 1]:
            done -= 1
        self._placed = (placed[done:], places[done:], exact[done:])
        if not done:
            return
        self._note(exact[:done], places[:done])
        result, _, _ = combined(placed[:done], places[:done], booleans)
        kept = places[:done][np.diff(places[:done], prepend=places[0] - 1) > 0]
        self._fit.crowded += done - len(kept)
        if self._first is None:
            self._first = int(kept[0])
        self._last = int(kept[-1])
        if rows is None:
            self._fit.single += self._last == self._first
        begin, end = self._phases or (0.0, 0.0)
        step = self._step
        if abs(end - begin) > _DRIFT:
            step *= 1.0 + (end - begin) / max(self._last - self._first, 1)
        # A mean of stamps holds no nanoseconds.
        start = self._origin + round((self._first + begin) * self._step / 1e3) * 1000
        yield Piece(result, kept - self._first, start, rows is None, step)

    def _place(self, rows: Rows) -> None:
        """Round stamps to the nearest places."""
        position = (rows.stamps - self._origin) / self._step
        part = position - np.floor(position)
        starts = np.arange(0, len(rows), _CHUNK)
        lengths = np.diff(starts, append=len(rows))
        turns = np.add.reduceat(np.exp(2j * np.pi * part), starts)
        circular = np.angle(turns) / (2 * np.pi)
        beside = part - np.repeat(circular, lengths)
        beside -= np.round(beside)
        # The median is exact if most stamps are.
        medians = [np.median(beside[begin : begin + _CHUNK]) for begin in starts]
        phases = circular + medians
        before = self._phases[1] if self._phases is not None else 0.0
        phases = np.unwrap(np.concatenate([[before], phases]), period=1.0)[1:]
        self._phases = (float(phases[0] if self._phases is None else self._phases[0]), float(phases[-1]))
        exact = position - np.repeat(phases, lengths)
        places = np.round(exact).astype("int64")
        if self._placed is None:
            self._placed = (rows, places, exact)
        else:
            old, old_places, old_exact = self._placed
            self._placed = (
                Rows.joined([old, rows]),
                np.concatenate([old_places, places]),
                np.concatenate([old_exact, exact]),
            )

    def _settled(self, places: np.ndarray, exact: np.ndarray, ended: bool) -> np.ndarray:
        """Return places that never fall, with as few rows at one place as possible."""
        places = places.copy()
        last = len(places) if ended else len(places) - 1
        for row in np.flatnonzero(np.diff(places) <= 0) + 1:
            before = places[row - 1]
            if row >= last or places[row] > before:
                continue
            earlier = places[row - 2] if row > 1 else (self._last if self._first is not None else before - 2)
            later = places[row + 1] if row + 1 < len(places) else before + 2
            if later > before + 1 and abs(exact[row] - (before + 1)) <= _ROOM:
                places[row] = before + 1
            elif earlier < before - 1 and abs(exact[row - 1] - (before - 1)) <= _ROOM:
                places[row - 1], places[row] = before - 1, before
            else:
                places[row] = before
        return places

    def _note(self, exact: np.ndarray, places: np.ndarray) -> None:
        distances = np.abs(exact - places)
        self._fit.moved += float(distances.sum())
        self._fit.farthest = max(self._fit.farthest, float(distances.max()))
        self._fit.together += float(np.cos(2 * np.pi * distances).sum())
