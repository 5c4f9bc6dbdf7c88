"""Filling of missing numbers of `x`, by repeated reconstruction or from a weighted posterior."""

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
from kerasae.metrics import reconstruct
from kerasae.preprocessing import in_zone, named_by_text
from kerasae.preprocessing.identity import Identity

#: Number of draws whose quantiles are the ends of an interval.
_DRAWS = 100
#: Change below which the iteration ends, in units of `x`.
_TOLERANCE = 1e-3


class Cells:
    """Numbers of an example as a row, `(rows, cells)`: their kinds, typical values, and raw form.

    Args:
        data: Data with the preprocessor.
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
        """Return the mean of numbers and the mode of all other cells, over training and validation rows."""
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
            # Code 0 represents every unknown value, so it never fills a cell.
            counts[self.category, 0] = -1
            typical = np.where(self.number, typical, counts.argmax(axis=1))
        return typical.astype("float32")

    def _see_given(self, raw: Any) -> None:
        """Store the values of categories that are not texts, by their text."""
        if not self.spec.columns:
            return
        frame = named_by_text(pd.DataFrame(raw))
        for column in self.spec.features:
            values = frame[column.name].dropna()
            if column.kind == "category" and not pd.api.types.is_string_dtype(values):
                known = self._given.setdefault(column.name, {})
                known.update({str(value): value for value in values.unique() if str(value) not in known})

    def as_given(self, name: str, values: pd.Series) -> pd.Series:
        """Return categories of a column as objects of the training data, such as intervals, not as texts."""
        known = self._given.get(name)
        if not known:
            return values
        return pd.Series([known.get(str(value), value) for value in values], values.index, dtype=object)

    def legal(self, x: np.ndarray) -> np.ndarray:
        """Return numbers, `(rows, cells)`, that have a raw value: booleans 0 or 1, known categories."""
        whole = np.round(x)
        clipped = np.where(self.boolean, np.clip(whole, 0, 1), x)
        return np.where(self.category, np.where(whole == 0, self.typical, whole), clipped).astype("float32")

    def shaped(self, x: np.ndarray) -> np.ndarray:
        """Reshape `(rows, cells)` to `(rows, ...)`."""
        return np.asarray(x, "float32").reshape(len(x), *self.spec.shape)

    def raw(self, x: np.ndarray) -> Any:
        """Return cells, `(rows, cells)`, NaN for missing ones, as input of a codec, without rounding."""
        if not self.spec.columns:
            return self.view.restore(self.shaped(x))
        return frame_of(self.view, self.shaped(x))


def flatten(x: np.ndarray) -> np.ndarray:
    """Reshape `(rows, ...)` to `(rows, cells)`."""
    return x.reshape(len(x), int(np.prod(x.shape[1:])))


def frame_of(view: Any, x: np.ndarray) -> pd.DataFrame:
    """Return `x` of a table as its columns in raw units, NaN for missing cells.

    Numbers are floats, and dates are dates in the time zone of their column.
    """
    columns = {name: np.asarray(values) for name, values in view.inverse(x).items()}
    frame = pd.DataFrame(index=range(len(x)))
    for column in view.spec.columns:
        values = columns.get(column.name, np.full(len(x), np.nan))
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
    """Rows without gaps, `(rows, cells)`, and the ends of an interval around each number.

    `effective` is the effective number of posterior draws of each row, `(rows,)`, NaN for a row without gaps;
    `None` if nothing was drawn.
    """

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    effective: np.ndarray | None = None


class Filling(Protocol):
    """Method that fills gaps. `x` has shape `(rows, cells)`, with any number where `missing` is true."""

    def fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        """Return the most likely values."""

    def draw(
        self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator
    ) -> np.ndarray | None:
        """Draw possible values, `(draws, rows, cells)`; `None` if the method has no such draws."""


class Iterated:
    """Reconstructions that replace the gaps, repeatedly.

    Args:
        codec: Codec that reconstructs.
        cells: Cells of the examples.
        gaps: Whether the first reconstruction gets the gaps as gaps, which a network for tables accepts;
            otherwise gaps start at typical values.
        rounds: Largest number of reconstructions; a row whose numbers no longer change is complete.

    Reference: Rezende, Mohamed, Wierstra 2014, ICML, appendix F, without the noise.
    """

    def __init__(self, codec: Codec, cells: Cells, gaps: bool, rounds: int) -> None:
        self.codec, self.cells = codec, cells
        self.gaps = gaps
        self.rounds = rounds

    def start(self, x: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """Return the input of the first reconstruction."""
        return np.where(missing, np.nan if self.gaps else self.cells.typical, x).astype("float32")

    def steps(self, x: np.ndarray, missing: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the rows after each reconstruction, until nothing changes."""
        current = self.start(x, missing)
        moving = np.asarray(missing.any(axis=1))
        for _ in range(self.rounds):
            if not moving.any():
                return
            rows = np.flatnonzero(moving)
            rebuilt = flatten(reconstruct(self.codec, self.cells.raw(current[rows])))
            new = np.where(missing[rows], self.cells.legal(rebuilt), current[rows])
            change = np.abs(new - current[rows])
            still = (change <= _TOLERANCE).all(axis=1)  # A change from a gap is NaN.
            current[rows], moving[rows] = new, ~still
            yield current

    def rows(self, x: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """Return the rows after the last reconstruction."""
        last = self.start(x, missing)
        for step in self.steps(x, missing):
            last = step
        return last

    def fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        rows = self.rows(x, missing)
        return Filled(rows, rows, rows)

    def draw(self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator) -> None:
        return None


class Weighed:
    """Draws of the code, weighed by the likelihood of the present cells.

    Args:
        posterior: Posterior of a variational model.
        cells: Cells of the examples.
        first: Method that fills the input of the encoder; the weights correct for it.
        level: Share of the true values that the intervals cover, in (0, 1).

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
        """Yield numbers of rows with gaps, parameters of their draws and their weights, part by part."""
        incomplete = np.flatnonzero(missing.any(axis=1))
        x, missing = x[incomplete], missing[incomplete]
        filled = self.first.rows(x, missing)
        observed = np.where(missing, np.nan, x)
        shaped = self.cells.shaped(filled), self.cells.shaped(observed)
        for rows, params, log_weights in self.posterior.weighed(*shaped):
            yield incomplete[rows], params, normalised(log_weights)

    def fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        loss = self.posterior.model.reconstruction_loss
        arrays = [np.array(x, "float32") for _ in range(3)]
        effective = np.full(len(x), np.nan)
        edges = [(1 - self.level) / 2, (1 + self.level) / 2]
        # The numbers are the same for every row, so that the result does not depend on the other rows.
        rng = np.random.default_rng(self.posterior.seed)
        points = even_points(_DRAWS, (1,), rng)
        levels = even_points(_DRAWS, (1, *self.cells.spec.shape), rng)
        for rows, params, weights in self._parts(x, missing):
            mean = flatten(expected(loss, params, weights))
            effective[rows] = effective_samples(weights)
            again = resampled(params, weights, np.broadcast_to(points, (_DRAWS, len(mean))))
            several = drawn(loss, again, np.broadcast_to(levels, (*again.shape[:2], *levels.shape[2:])))
            low, high = np.quantile(several.reshape(*several.shape[:2], -1), edges, axis=0)
            for array, values in zip(arrays, (self.cells.legal(mean), low, high), strict=True):
                array[rows] = np.where(missing[rows], values, x[rows])
        return Filled(arrays[0], arrays[1], arrays[2], effective)

    def draw(self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
        loss = self.posterior.model.reconstruction_loss
        filled = np.repeat(np.asarray(x, "float32")[None], draws, axis=0)
        for rows, params, weights in self._parts(x, missing):
            again = resampled(params, weights, even_points(draws, weights.shape[1:], rng))
            several = drawn(loss, again, rng.random((*again.shape[:2], *self.cells.spec.shape)))
            several = several.reshape(*several.shape[:2], -1)
            filled[:, rows] = np.where(missing[rows], self.cells.legal(several), x[rows])
        return filled
