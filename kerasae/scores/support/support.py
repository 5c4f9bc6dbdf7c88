"""Evidence that an entry of a table lies outside of what the training rows hold."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops

from kerasae.scores._base import Accounts, Score
from kerasae.scores.support._cells import cells_of, ordered
from kerasae.scores.support._companions import companions
from kerasae.scores.support._exclusions import exclusions
from kerasae.scores.support._orders import orders
from kerasae.scores.support._pooled import Pool
from kerasae.scores.support._ranges import NO_RANGE, ROUNDING, Range, evidence, upper
from kerasae.scores.support._rules import strongest
from kerasae.scores.support._steps import FRACTION, step_of
from kerasae.scores.support._tails import tails, with_tails

#: Largest number of training rows, evenly spaced, from which the evidence is learned.
_ROWS = 200_000


@keras.saving.register_keras_serializable(package="kerasae")
class SupportScore(Score):
    """`sum_j e_j(x)`: the evidence, in nats, that an entry lies outside of what the training rows hold.

    An entry adds to the column in which it stands:

    - a number or date beyond the least or the greatest of training: `-log p` of the share of such rows, and
      more with the distance. A few training rows behind a gap count as beyond; see `upper`.
    - a number with decimals where all others are whole, or have fewer; see `step_of`.
    - a number in a hole amid the others, in which no row lies.
    - a category or boolean that is rare or was never seen: `-log p` of the share of rows with one at least as
      rare; see `rarity`. So does a rare category that is nearly spelt like a frequent one; see `misspelt`.
    - two entries of different columns that exclude each other: half to each column; see `exclusions`.
    - a number that no row of its category has, although others have it: half to each; see `tails`.
    - two numbers, or two dates, that break an order that the training rows keep, such as a drop-off before
      the pick-up: half to each column; see `orders`.
    - a missing entry where gaps are rare: `Column.gap`; and one whose companion is there, if the gaps of
      both come together: see `companions`.

    Each share is that of all rules of a kind together, such as the ends of all columns; see `Pool`. A row
    within all of this adds exactly 0. Without a preprocessor, set by `suit`, all columns are taken for
    numbers, and only their ranges count.

    A reading that is stuck is no evidence: each of its rows is usual, and a score sees one row at a time.
    """

    unit: ClassVar[str | None] = "nats"
    needs: ClassVar[tuple[str, ...]] = ("x",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._columns: tuple[Any, ...] = ()
        self._moments: tuple[tuple[float, float], ...] = ()
        self._orders = self._cells = self._paired = 0

    def suit(self, preprocessor: Any) -> None:
        # The preprocessor itself is not kept, because Keras would save it as a part of this layer.
        columns = () if preprocessor is None else preprocessor.spec.columns
        if not columns:
            return
        self._columns = preprocessor.spec.features
        self._moments = tuple(
            (float(center), float(scale))
            for column, center, scale in zip(columns, preprocessor.centers, preprocessor.scales, strict=True)
            if column.kind != "empty"
        )

    def build(self, input_shape: Any) -> None:
        size = input_shape["x"][-1]

        def weight(name: str, *shape: int) -> Any:
            return self.add_weight(shape=shape, trainable=False, name=name, initializer="zeros")

        # The ranges are those of the columns, and then those of the differences of pairs of columns.
        ranges = size + self._orders
        self.ends, self.bases = weight("ends", 2, ranges), weight("bases", 2, ranges)
        self.reaches = self.add_weight(shape=(2, ranges), trainable=False, name="reaches", initializer="ones")
        self.differences = weight("differences", size, self._orders)
        self.offsets = weight("offsets", self._orders)
        self.steps, self.gaps = weight("steps", 3, size), weight("gaps", size)
        self.companions = weight("companions", size, size)
        # The cells that belong to a pair come first.
        self.owners, self.lows = weight("owners", size, self._cells), weight("lows", self._cells)
        self.highs, self.alone = weight("highs", self._cells), weight("alone", self._cells)
        self.together = weight("together", self._paired, self._paired)
        super().build(input_shape)

    def get_build_config(self) -> dict[str, Any]:
        sizes = {"orders": self._orders, "cells": self._cells, "paired": self._paired}
        return {**super().get_build_config(), **sizes}

    def build_from_config(self, config: dict[str, Any]) -> None:
        self._orders, self._cells, self._paired = (config.pop(key) for key in ("orders", "cells", "paired"))
        super().build_from_config(config)

    # Fitting -------------------------------------------------------------------------------------

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        x = _rows_of(accounts)
        size = x.shape[1]
        coded = np.array([not column.is_numeric for column in self._columns] or [False] * size)
        differences, offsets = self._differences(x, coded)
        all_cells = cells_of(x, self._columns)
        all_cells, between = with_tails(
            all_cells, exclusions(x, all_cells, coded.tolist()), tails(x, self._columns, all_cells)
        )
        cells, together = ordered(all_cells, between)
        self._orders, self._cells, self._paired = len(offsets), len(cells), len(together)
        super().adapt(accounts, least)
        self.differences.assign(differences)
        self.offsets.assign(offsets)
        both = np.concatenate([x, x @ differences.astype("float32") + offsets.astype("float32")], axis=1)
        ranges = [(NO_RANGE, NO_RANGE) if coded[j] else _ends(x[:, j]) for j in range(size)]
        # A difference of two numbers in float32 is exact to some 1e-7 of the numbers.
        sizes = np.nan_to_num(np.nanmax(np.abs(x), axis=0, initial=1.0), nan=1.0)
        rounding = 1e-6 * sizes @ np.abs(differences)
        ranges = _pooled(ranges, len(x))
        ordered_pairs = [(NO_RANGE, _order(both[:, size + k], end)) for k, end in enumerate(rounding)]
        ranges += _pooled(ordered_pairs, len(x))
        for name, values in (("ends", "end"), ("bases", "base"), ("reaches", "reach")):
            getattr(self, name).assign([[getattr(one[side], values) for one in ranges] for side in (0, 1)])
        self.steps.assign(self._steps(x))
        self.gaps.assign([column.gap for column in self._columns] or np.zeros(size))
        self.companions.assign(companions(np.isnan(x)))
        self.owners.assign(np.eye(size)[:, [cell.column for cell in cells]])
        self.lows.assign([cell.low for cell in cells])
        self.highs.assign([cell.high for cell in cells])
        self.alone.assign([cell.alone for cell in cells])
        self.together.assign(together)
        return self

    def _steps(self, x: np.ndarray) -> np.ndarray:
        """Return factor, offset and evidence of the steps of each column, `(3, columns)`."""
        found, pool = np.zeros((3, x.shape[1])), Pool(len(x))
        for j, (column, (center, scale)) in enumerate(zip(self._columns, self._moments, strict=True)):
            if column.kind == "number":
                values = x[~np.isnan(x[:, j]), j].astype("float64")
                step, others = step_of(values * scale + center)
                if step:
                    speaks = evidence(others, len(values))
                    pool.see(evidence(max(others - 1, 0), len(values)), others)
                    found[:, j] = scale / step, center / step, speaks
        found[2] = pool.nats(found[2])
        return found

    def _differences(self, x: np.ndarray, coded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the directions and offsets of the differences that are never above 0."""
        if not self._columns:
            return np.zeros((x.shape[1], 0)), np.zeros(0)
        centers, scales = np.array(self._moments).T
        numbers = np.flatnonzero(~coded).tolist()
        kinds = [self._columns[j].kind for j in numbers]
        raw = x * scales + centers
        pairs = orders(raw, numbers, kinds, np.random.default_rng(0))
        directions, offsets = np.zeros((x.shape[1], len(pairs))), np.zeros(len(pairs))
        for k, (first, second) in enumerate(pairs):
            # In units of its usual size, so that numbers stay small in float32.
            usual = float(np.nanmedian(np.abs(raw[:, first] - raw[:, second]))) or 1.0
            directions[first, k], directions[second, k] = scales[first] / usual, -scales[second] / usual
            offsets[k] = (centers[first] - centers[second]) / usual
        return directions, offsets

    # Scoring -------------------------------------------------------------------------------------

    def features(self, inputs: Mapping[str, Any]) -> Any:
        parts = self.parts(inputs)
        found = parts["range"]
        if self._orders:
            found = found + 0.5 * ops.matmul(parts["order"], ops.transpose(self._halves()))
        found = found + parts["step"]
        if self._cells:
            cells = parts["cell"]
            if self._paired:
                cells = cells + ops.pad(parts["pair"], [[0, 0], [0, self._cells - self._paired]])
            found = found + ops.matmul(cells, ops.transpose(self.owners))
        return found + parts["gap"]

    def parts(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the evidence by rule, in nats.

        Returns:
            Dict of `range`, `step` and `gap`, each `(batch, columns)`; of `order`, `(batch, orders)`, of
            which each of the two columns has half; of `cell`, `(batch, cells)`; and of `pair`, `(batch,
            paired cells)`, what a cell adds with those beside it. The last three are there if there are any.
        """
        x = inputs["x"]
        present = 1.0 - inputs["missing"] if "missing" in inputs else ops.ones_like(x)
        size = x.shape[-1]
        below = self._beyond(-x, 0, slice(0, size))
        parts = {
            "range": (below + self._beyond(x, 1, slice(0, size))) * present,
            "step": self._between(x) * present,
            "gap": (self.gaps + ops.matmul(present, self.companions)) * (1.0 - present),
        }
        if self._orders:
            differences = ops.matmul(x, self.differences) + self.offsets
            shown = ops.cast(ops.matmul(1.0 - present, self._halves()) < 0.5, "float32")
            parts["order"] = self._beyond(differences, 1, slice(size, None)) * shown
        if self._cells:
            entries, shown = ops.matmul(x, self.owners), ops.matmul(present, self.owners)
            inside = ops.logical_and(entries > self.lows, entries < self.highs)
            inside = ops.cast(inside, "float32") * shown
            parts["cell"] = inside * self.alone
            if self._paired:
                pairs = inside[:, : self._paired]
                parts["pair"] = 0.5 * pairs * ops.matmul(pairs, self.together)
        return parts

    def broken(self, inputs: Mapping[str, Any], number: np.ndarray) -> np.ndarray:
        # Rows without evidence break nothing, and most rows have none.
        found = np.full(number.shape, None, object)
        weights = {weight.name: ops.convert_to_numpy(weight) for weight in self.weights}
        parts = {name: ops.convert_to_numpy(part) for name, part in self.parts(inputs).items()}
        parts["present"] = 1.0 - np.asarray(inputs.get("missing", np.zeros_like(inputs["x"])))
        speaks = ops.convert_to_numpy(self.features(inputs))
        for row in np.flatnonzero(speaks.any(axis=1)).tolist():
            of_row = {name: part[row] for name, part in parts.items()}
            for place, column in enumerate(number[row].tolist()):
                if speaks[row, column] > 0:
                    found[row, place] = strongest(weights, of_row, column)
        return found

    def _halves(self) -> Any:
        """Return which columns belong to an order, `(columns, orders)`."""
        return ops.cast(ops.not_equal(self.differences, 0.0), "float32")

    def _between(self, x: Any) -> Any:
        """Return the evidence of numbers that are no multiple of their step, `(batch, columns)`."""
        multiples = x * self.steps[0] + self.steps[1]
        # The reference kernels of TFLite have no rounding.
        broken = ops.abs(multiples - ops.floor(multiples + 0.5)) > FRACTION
        return ops.where(broken, self.steps[2] + ops.zeros_like(x), ops.zeros_like(x))

    def _beyond(self, values: Any, side: int, columns: slice) -> Any:
        end, base, reach = (weight[side, columns] for weight in (self.ends, self.bases, self.reaches))
        distance = values - end
        grown = base + 2.0 * ops.log(1.0 + ops.maximum(distance, 0.0) / reach)
        counts = distance > ROUNDING * (1.0 + ops.abs(end))
        return ops.where(counts, grown, ops.zeros_like(grown))


def _rows_of(accounts: Accounts) -> np.ndarray:
    """Return `x` of the training rows, NaN for missing entries, at most about `_ROWS` rows."""
    parts = [
        np.where(part["missing"] > 0.5, np.nan, part["x"]) if "missing" in part else np.asarray(part["x"])
        for part in accounts()
    ]
    return np.concatenate(parts)[:: -(-sum(map(len, parts)) // _ROWS)].astype("float32")


def _ends(values: np.ndarray) -> tuple[Range, Range]:
    """Return the range below, of the negated number, and the range above."""
    present = values[~np.isnan(values)].astype("float64")
    return (upper(-present), upper(present)) if len(present) else (NO_RANGE, NO_RANGE)


def _order(values: np.ndarray, end: float) -> Range:
    """Return the range above of a difference that is not above 0."""
    present = values[~np.isnan(values)]
    broken = int((present > end).sum())
    return Range(end, evidence(broken, len(present)), 1.0, broken)


def _pooled(ranges: Sequence[tuple[Range, Range]], rows: int) -> list[tuple[Range, Range]]:
    """Return ranges whose evidence is that of all of them together."""
    pool = Pool(rows)
    for one in itertools.chain(*ranges):
        if one is not NO_RANGE:
            pool.see(one.base, one.beyond)

    def pooled(one: Range) -> Range:
        return dataclasses.replace(one, base=float(pool.nats(one.base)))

    return [(pooled(below), pooled(above)) for below, above in ranges]
