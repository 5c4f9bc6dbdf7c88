"""Filling: missing numbers of `x` from a codec, again and again, or from a posterior weighed by the rest."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from kerasae.applications._filling.posterior import (
    Posterior,
    drawn,
    effective_samples,
    even_points,
    expected,
    normalised,
    resampled,
)
from kerasae.applications._filling.values import TableValues
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.evaluation import reconstruct
from kerasae.preprocessing import in_zone, named_by_text
from kerasae.preprocessing.identity import Identity

#: Draws whose quantiles are the ends of an interval.
_DRAWS = 100
#: Changes below this, in units of x, end the iteration.
_TOLERANCE = 1e-3


class Cells:
    """The numbers of an example in a row, `(rows, cells)`: their kinds, what is typical, and back to raw.

    Args:
        data: with the preprocessor.
    """

    def __init__(self, data: Data) -> None:
        self.spec = data.spec
        self.view: Any = Identity(data.spec) if data.preprocessor is None else data.preprocessor
        kinds = [column.kind for column in self.spec.features] or ["number"] * self.spec.size
        self.category = np.array([kind == "category" for kind in kinds])
        self.boolean = np.array([kind == "boolean" for kind in kinds])
        self.number = ~(self.category | self.boolean)
        self._given: dict[str, dict[str, Any]] = {}
        self.typical = self._typical(data)
        self.values = TableValues(data) if data.spec.columns else None

    def _typical(self, data: Data) -> np.ndarray:
        """The mean of numbers and the mode of everything else, over training and validation rows."""
        total, rows = np.zeros(len(self.number)), np.zeros(len(self.number))
        width = max([column.width for column in self.spec.features] + [2])
        counts = np.zeros((len(self.number), width if not self.number.all() else 0))
        for split in ("train", "validation"):
            for raw, x in data.parts(split):
                self._see_given(raw)
                flat = flatten(x)
                total += np.nansum(flat, axis=0, dtype="float64")
                rows += (~np.isnan(flat)).sum(axis=0)
                for cell in np.flatnonzero(~self.number):
                    codes = flat[~np.isnan(flat[:, cell]), cell].astype(int)
                    counts[cell] += np.bincount(codes, minlength=width)
        typical = total / np.maximum(rows, 1)
        if counts.size:
            # Code 0 stands for every unknown value: it fills nothing.
            counts[self.category, 0] = -1
            typical = np.where(self.number, typical, counts.argmax(axis=1))
        return typical.astype("float32")

    def _see_given(self, raw: Any) -> None:
        """Keeps the values of categories that are no texts, by their text."""
        if not self.spec.columns:
            return
        frame = named_by_text(pd.DataFrame(raw))
        for column in self.spec.features:
            values = frame[column.name].dropna()
            if column.kind == "category" and not pd.api.types.is_string_dtype(values):
                known = self._given.setdefault(column.name, {})
                known.update({str(value): value for value in values.unique() if str(value) not in known})

    def as_given(self, name: str, values: pd.Series) -> pd.Series:
        """Categories of a column as the objects that the training had, such as intervals, not their texts."""
        known = self._given.get(name)
        if not known:
            return values
        return pd.Series([known.get(str(value), value) for value in values], values.index, dtype=object)

    def legal(self, x: np.ndarray) -> np.ndarray:
        """Numbers `(rows, cells)` that have a raw value: booleans 0 or 1, categories known."""
        whole = np.round(x)
        found = np.where(self.boolean, np.clip(whole, 0, 1), x)
        return np.where(self.category, np.where(whole == 0, self.typical, whole), found).astype("float32")

    def shaped(self, x: np.ndarray) -> np.ndarray:
        """`(rows, cells)` to `(rows, ...)`."""
        return np.asarray(x, "float32").reshape(len(x), *self.spec.shape)

    def raw(self, x: np.ndarray) -> Any:
        """`(rows, cells)`, NaN where missing, as what a codec takes; numbers of a table are not rounded."""
        if not self.spec.columns:
            return self.view.restore(self.shaped(x))
        return frame_of(self.view, self.shaped(x))


def flatten(x: np.ndarray) -> np.ndarray:
    """`(rows, ...)` to `(rows, cells)`."""
    return x.reshape(len(x), int(np.prod(x.shape[1:])))


def frame_of(view: Any, x: np.ndarray) -> pd.DataFrame:
    """`x` of a table as its columns in raw units, NaN where missing.

    Numbers are floats, and dates are dates in the time zone of their column.
    """
    found = {name: np.asarray(values) for name, values in view.inverse(x).items()}
    frame = pd.DataFrame(index=range(len(x)))
    for column in view.spec.columns:
        values = found.get(column.name, np.full(len(x), np.nan))
        if column.kind == "category":
            texts = [value.decode() for value in values]
            frame[column.name] = pd.Series([text or None for text in texts], dtype=object)
        elif column.kind == "date":
            moments = pd.to_datetime(pd.Series(np.round(values * 1e6)), unit="us")
            frame[column.name] = in_zone(moments, column.dtype)
        else:
            frame[column.name] = values
    return frame


class Filled(NamedTuple):
    """Rows without gaps, `(rows, cells)`, and the ends of an interval about each number.

    `effective` is how many draws of the posterior those of each row are worth, `(rows,)`, NaN for a row
    without gaps; `None` where nothing was drawn.
    """

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    effective: np.ndarray | None = None


class Filling(Protocol):
    """A way to fill gaps; `x` are `(rows, cells)`, with any number where `missing` says so."""

    def fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        """The likeliest values."""

    def draw(
        self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator
    ) -> np.ndarray | None:
        """Values drawn from what they might be, `(draws, rows, cells)`; `None` where it has no such draws."""


class Iterated:
    """Reconstructions put into the gaps, and reconstructed again.

    Args:
        codec: whose.
        cells: of the examples.
        gaps: whether the first reconstruction is given the gaps as gaps, as a network for tables can
            take them; otherwise they hold what is typical.
        rounds: reconstructions at most; a row whose numbers stand still is done.

    Reference: Rezende, Mohamed, Wierstra 2014, ICML, appendix F, without the noise.
    """

    def __init__(self, codec: Codec, cells: Cells, gaps: bool, rounds: int) -> None:
        self.codec, self.cells = codec, cells
        self.gaps = gaps
        self.rounds = rounds

    def start(self, x: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """What the first reconstruction is given."""
        return np.where(missing, np.nan if self.gaps else self.cells.typical, x).astype("float32")

    def steps(self, x: np.ndarray, missing: np.ndarray) -> Iterator[np.ndarray]:
        """The rows after each reconstruction, until nothing moves."""
        current = self.start(x, missing)
        moving = np.asarray(missing.any(axis=1))
        for _ in range(self.rounds):
            if not moving.any():
                return
            rows = np.flatnonzero(moving)
            rebuilt = flatten(reconstruct(self.codec, self.cells.raw(current[rows])))
            new = np.where(missing[rows], self.cells.legal(rebuilt), current[rows])
            change = np.abs(new - current[rows])
            still = (change <= _TOLERANCE).all(axis=1)  # a change from a gap is NaN
            current[rows], moving[rows] = new, ~still
            yield current

    def rows(self, x: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """The rows after the last reconstruction."""
        found = self.start(x, missing)
        for step in self.steps(x, missing):
            found = step
        return found

    def fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        found = self.rows(x, missing)
        return Filled(found, found, found)

    def draw(self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator) -> None:
        return None


class Weighed:
    """Draws of the code, weighed by the likelihood of the cells that are seen.

    Args:
        posterior: of a variational model.
        cells: of the examples.
        first: what the encoder is given is filled so; the weights correct for it.
        level: of the interval, in (0, 1).

    Reference: Mattei and Frellsen 2019, ICML (MIWAE), section 4: self-normalised importance sampling
    for one value, sampling importance resampling for several.
    """

    def __init__(self, posterior: Posterior, cells: Cells, first: Iterated, level: float) -> None:
        self.posterior, self.cells = posterior, cells
        self.first = first
        self.level = level

    def _parts(
        self, x: np.ndarray, missing: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Numbers of rows with gaps, parameters of their draws and the weights of those, part by part."""
        incomplete = np.flatnonzero(missing.any(axis=1))
        x, missing = x[incomplete], missing[incomplete]
        given = self.first.rows(x, missing)
        seen = np.where(missing, np.nan, x)
        shaped = self.cells.shaped(given), self.cells.shaped(seen)
        for rows, params, log_weights in self.posterior.weighed(*shaped):
            yield incomplete[rows], params, normalised(log_weights)

    def fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        loss = self.posterior.model.reconstruction_loss
        found = [np.array(x, "float32") for _ in range(3)]
        effective = np.full(len(x), np.nan)
        edges = [(1 - self.level) / 2, (1 + self.level) / 2]
        # The same for every row, so that a row is filled alike alone and among others.
        rng = np.random.default_rng(self.posterior.seed)
        points = even_points(_DRAWS, (1,), rng)
        levels = even_points(_DRAWS, (1, *self.cells.spec.shape), rng)
        for rows, params, weights in self._parts(x, missing):
            mean = flatten(expected(loss, params, weights))
            effective[rows] = effective_samples(weights)
            again = resampled(params, weights, np.broadcast_to(points, (_DRAWS, len(mean))))
            several = drawn(loss, again, np.broadcast_to(levels, (*again.shape[:2], *levels.shape[2:])))
            low, high = np.quantile(several.reshape(*several.shape[:2], -1), edges, axis=0)
            for array, values in zip(found, (self.cells.legal(mean), low, high), strict=True):
                array[rows] = np.where(missing[rows], values, x[rows])
        return Filled(found[0], found[1], found[2], effective)

    def draw(self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
        loss = self.posterior.model.reconstruction_loss
        found = np.repeat(np.asarray(x, "float32")[None], draws, axis=0)
        for rows, params, weights in self._parts(x, missing):
            again = resampled(params, weights, even_points(draws, weights.shape[1:], rng))
            several = drawn(loss, again, rng.random((*again.shape[:2], *self.cells.spec.shape)))
            several = several.reshape(*several.shape[:2], -1)
            found[:, rows] = np.where(missing[rows], self.cells.legal(several), x[rows])
        return found
