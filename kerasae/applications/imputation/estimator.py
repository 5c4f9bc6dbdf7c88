"""Imputation: missing entries, filled from the present ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np

from kerasae.applications._base import Application, Finding
from kerasae.applications._conformal import Conformal
from kerasae.applications._filling.cells import Cells, flatten
from kerasae.applications._filling.files import filled_files, put_back, raw_ends
from kerasae.applications._filling.filling import Filled, Filling
from kerasae.applications._filling.iterated import Iterated
from kerasae.applications._filling.posterior import Posterior, has_posterior
from kerasae.applications._filling.values import TableValues
from kerasae.applications._filling.weighed import Weighed
from kerasae.applications.imputation._hidden import HiddenFigures, flat_mask, hide, read_mask
from kerasae.applications.imputation._residuals import Residuals
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.report import figures
from kerasae.report.page import Listing, Picture

#: Number of draws of each hidden cell, among which later draws are ranked.
_DRAWS = 5
#: Smallest number of hidden cells of a column that decides whether the model or the mean errs more.
_LEAST = 30


class Imputer(Application):
    """Single and multiple imputation of missing entries, with calibrated intervals.

    A gap is a missing entry of a table, a NaN in a vector, or an entry that a mask marks. Present entries do
    not change.

    A variational model draws codes around the posterior given the present cells, and weighs them by their
    likelihood. The filled value is their weighted mean, and multiple imputations are draws. Numbers of a
    table keep the range, the decimals and the values that many rows share.

    With any other codec, gaps start at typical values and are reconstructed until they no longer change.
    Multiple imputations add residuals of held-out rows. Cells hidden from the validation rows choose the
    number of reconstructions and the initial values. A column in which the model errs more on them than the
    mean or the mode is filled with the mean or the mode. Cells hidden from the calibration rows widen the
    intervals until they cover the stated share. A model that was trained with gaps, or with masking noise
    (`--set model.corruption=masking`), fills best.

    For a table the report writes `filled.csv` and `intervals.csv`. For images and vectors it writes
    `filled.npz` (`filled`, `missing`, and `low` and `high` in raw units), for images also PNG files.

    Args:
        codec: Codec that maps raw examples to codes and back.
        hidden: Share of the present cells that are hidden to choose settings and to measure errors, in (0,
            1). Defaults to 0.2.
        interval: Share of the true values that the intervals cover, in (0, 1). Defaults to 0.9.
        rounds: Largest number of reconstructions. Defaults to 20.
        samples: Number of codes drawn for each example, for a variational model. Defaults to 200.
        mask: Path to a `.npy` file or an image that is true where images or vectors have gaps: one mask for
            all examples, or one for each. Defaults to `None`.
        most: Largest number of validation rows, and of calibration rows; more rows are subsampled. Defaults
            to 1000.
        seed: Seed of the subsamples, the hidden cells and the draws. Defaults to 0.

    Raises:
        ValueError: If a number is out of range, or the mask has another shape.

    Example:
        >>> imputer = Imputer(model).fit(data)
        >>> filled = imputer.transform(frame)
        >>> several = imputer.draw(frame, draws=5, seed=0)

    Reference: Mattei and Frellsen 2019, ICML (MIWAE); Rezende, Mohamed, Wierstra 2014, ICML, appendix
    F; Romano, Patterson, Candès 2019, NeurIPS (intervals).
    """

    kinds = ("image", "vector", "table")
    decisive = ("error", "categories wrong")

    def __init__(
        self,
        codec: Codec,
        *,
        hidden: float = 0.2,
        interval: float = 0.9,
        rounds: int = 20,
        samples: int = 200,
        mask: str | None = None,
        most: int = 1000,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        for name, share in (("hidden", hidden), ("interval", interval)):
            if not 0 < share < 1:
                raise ValueError(f"`{name}` must be in (0, 1), received {share!r}.")
        for name, count in (("rounds", rounds), ("samples", samples), ("most", most)):
            if count < 1:
                raise ValueError(f"`{name}` must be positive, received {count!r}.")
        self.hidden = hidden
        self.interval = interval
        self.rounds = rounds
        self.samples = samples
        self.mask = mask
        self.most = most
        self.seed = seed

    # Learning ------------------------------------------------------------------------------------

    def fit(self, data: Data) -> Self:
        """Fit the typical values, the way to fill gaps, and the width of the intervals."""
        self._cells = Cells(data)
        data = data.with_choices()
        choosing = "validation" if len(data.validation) else "train"
        x, hidden, _ = self._hidden_rows(data, choosing, 0)
        missing = np.isnan(x) | hidden
        self._filling, filled = self._choose(x, missing, hidden)
        typical = np.broadcast_to(self._cells.typical, x.shape)
        self._as_typical = self._errors(filled.x, x, hidden) > self._errors(typical, x, hidden)
        self._as_typical &= hidden.sum(axis=0) >= _LEAST
        ranked = self._learn_likely(data)
        filled = self._settled(self._guarded(filled, missing), missing)
        self._residuals = Residuals(self._cells).fit(filled.x, np.nan_to_num(x), hidden)
        # Intervals for new rows are calibrated on rows that chose neither weights nor settings.
        x, hidden, rows = self._hidden_rows(data, "calibration", 2)
        filled = self._fill(x, np.isnan(x) | hidden) if len(x) else Filled(x, x, x)
        truth, number = np.nan_to_num(x), hidden & self._cells.number
        self._conformal = Conformal(self.interval).fit(filled.low, filled.high, truth, number, rows)
        if len(x):
            self._residuals = Residuals(self._cells).fit(filled.x, truth, hidden)
        if ranked is not None:
            self._learn_drawn(*ranked)
        return self

    def _learn_likely(self, data: Data) -> tuple[TableValues, np.ndarray, np.ndarray, np.ndarray] | None:
        """Fit the ranks of the most likely numbers of a table on training rows.

        Returns:
            The values of the table, the training rows, `(rows, cells)`, which of their cells are hidden, and
            the filled rows; `None` if no column has values that many rows share.
        """
        values = self._cells.values
        if values is None or not values.sharing:
            return None
        x, hidden, _ = self._hidden_rows(data, "train", 3)
        missing = np.isnan(x) | hidden
        likely = self._guarded(self._filling.fill(x, missing), missing)
        values.fit_likely(np.where(hidden, likely.x, np.nan))
        return values, x, hidden, self._settled(likely, missing).x

    def _learn_drawn(
        self, values: TableValues, x: np.ndarray, hidden: np.ndarray, likely: np.ndarray
    ) -> None:
        """Fit the ranks of drawn numbers, on rows that are drawn as in `draw`."""
        drawn = self._several(x, np.isnan(x) | hidden, _DRAWS, np.random.default_rng(self.seed), likely)
        values.fit(np.concatenate(np.where(hidden, drawn, np.nan)))

    def _hidden_rows(self, data: Data, split: str, draw: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return rows of a split in `x`, which of their cells are hidden, and the number of each row.

        If there are few rows, each is hidden in several ways, so that every column has cells to learn from.
        """
        x = flatten(data.drawn(split, self.most, self.seed).x(split))
        times = min(10, -(-self.most // max(len(x), 1)))
        rows = np.tile(np.arange(len(x)), times)
        x = np.tile(x, (times, 1))
        rng = np.random.default_rng([self.seed, draw])
        return x, hide(x, self.hidden, rng, self._cells.spec), rows

    def _choose(self, x: np.ndarray, missing: np.ndarray, hidden: np.ndarray) -> tuple[Filling, Filled]:
        """Return the way to fill gaps with the smallest error on hidden cells, and its fillings of them."""
        plain = self._choose_rounds(x, missing, hidden)
        if not has_posterior(self.codec):
            return plain, plain.fill(x, missing)
        posterior = Posterior(self.codec, self.samples, self.seed)
        candidates = []
        for first in (*(Iterated(self.codec, self._cells, gaps, 0) for gaps in self._gaps()), plain):
            filling = Weighed(posterior, self._cells, first, self.interval)
            candidates.append((filling, filling.fill(x, missing)))
        errors = [self._errors(filled.x, x, hidden).sum() for _, filled in candidates]
        return candidates[int(np.argmin(errors))]

    def _choose_rounds(self, x: np.ndarray, missing: np.ndarray, hidden: np.ndarray) -> Iterated:
        errors = {}
        for gaps in self._gaps():
            every = Iterated(self.codec, self._cells, gaps, self.rounds)
            for number, step in enumerate(every.steps(x, missing), start=1):
                errors[gaps, number] = self._errors(step, x, hidden).sum()
        gaps, rounds = min(errors, key=errors.__getitem__, default=(False, 1))
        return Iterated(self.codec, self._cells, gaps, rounds)

    def _gaps(self) -> tuple[bool, ...]:
        """Whether the model accepts gaps in its input."""
        return (False, True) if self._cells.spec.columns else (False,)

    def _errors(self, filled: np.ndarray, x: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Return the error on hidden cells by column: a sum of squares, or the number of wrong categories."""
        loss = np.where(self._cells.number, np.square(filled - x, dtype="float64"), filled != x)
        return np.where(hidden, loss, 0).sum(axis=0)

    # Filling -------------------------------------------------------------------------------------

    def transform(self, raw: Any, mask: np.ndarray | None = None) -> Any:
        """Fill the gaps of raw examples, with the same type as `raw`; present entries do not change.

        Args:
            raw: Raw examples.
            mask: Whether an entry is a gap, `(rows, ...)`, or the shape of one example for all. Defaults to
                `None`.
        """
        x, missing = self._gaps_of(raw, mask)
        return self._restore(raw, self._fill(x, missing).x, missing)

    def draw(self, raw: Any, draws: int = 5, seed: int = 0, mask: np.ndarray | None = None) -> list[Any]:
        """Draw multiple imputations, whose spread is their uncertainty: a list of raw examples.

        A variational model draws from its posterior and likelihood. With any other codec each number is the
        most likely one plus a residual of the column on held-out rows. Each category is one that held-out
        rows had where the model predicted the same.
        """
        if draws < 1:
            raise ValueError(f"`draws` must be positive, received {draws!r}.")
        x, missing = self._gaps_of(raw, mask)
        drawn = self._several(x, missing, draws, np.random.default_rng(seed))
        if self._cells.values is not None:
            drawn = np.stack([np.where(missing, self._cells.values.kept(filled), filled) for filled in drawn])
        return [self._restore(raw, filled, missing) for filled in drawn]

    def intervals(self, raw: Any, mask: np.ndarray | None = None) -> tuple[Any, Any, Any]:
        """Return the filled examples and the ends of their intervals, in raw units.

        Returns:
            Filled examples and, as floats, lower and upper ends, all in the same form. The ends are NaN for
            present entries, for categories and booleans, and if there are too few calibration rows for an
            interval.
        """
        x, missing = self._gaps_of(raw, mask)
        filled = self._with_intervals(x, missing)
        low, high = raw_ends(self._cells, filled, missing, raw)
        return self._restore(raw, filled.x, missing), low, high

    def _several(
        self,
        x: np.ndarray,
        missing: np.ndarray,
        draws: int,
        rng: np.random.Generator,
        likely: np.ndarray | None = None,
    ) -> np.ndarray:
        """Draw values before they are restricted to those of their columns, `(draws, rows, cells)`.

        Args:
            x: Rows, `(rows, cells)`.
            missing: Whether a cell is drawn, `(rows, cells)`.
            draws: Number of imputations.
            rng: Random generator of the draws.
            likely: Filled rows from `_fill`, if they are known already.
        """
        drawn = self._filling.draw(x, missing, draws, rng)
        if drawn is None or (missing & self._as_typical).any():
            point = self._fill(x, missing).x if likely is None else likely
            others = np.stack([self._residuals.draw(point, missing, rng) for _ in range(draws)])
            drawn = others if drawn is None else np.where(self._as_typical, others, drawn)
        return drawn

    def _fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        return self._settled(self._guarded(self._filling.fill(x, missing), missing), missing)

    def _settled(self, filled: Filled, missing: np.ndarray) -> Filled:
        """Move the numbers of a table into the range of their column, and to values that many rows share."""
        if self._cells.values is None:
            return filled
        return filled._replace(x=np.where(missing, self._cells.values.settled(filled.x), filled.x))

    def _guarded(self, filled: Filled, missing: np.ndarray) -> Filled:
        """Use typical values in the columns where the model errs more than they do."""
        plain = missing & self._as_typical
        x, low, high = (
            np.where(plain, self._cells.typical, values) for values in (filled.x, filled.low, filled.high)
        )
        return filled._replace(x=x, low=low, high=high)

    def _with_intervals(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        filled = self._fill(x, missing)
        low, high = self._conformal.apply(filled.low, filled.high)
        # A mean may lie outside the quantiles of a skewed distribution.
        return filled._replace(low=np.minimum(low, filled.x), high=np.maximum(high, filled.x))

    def _gaps_of(self, raw: Any, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        x = flatten(self._cells.view.to_x(raw))
        missing = np.isnan(x)
        if mask is not None:
            missing = missing | flat_mask(mask, len(x), self._cells.spec)
        return x, missing

    def _restore(self, raw: Any, x: np.ndarray, missing: np.ndarray) -> Any:
        return put_back(self._cells, raw, np.nan_to_num(x), missing)

    # Reporting -----------------------------------------------------------------------------------

    def report(self, data: Data, out: Path | None) -> Finding:
        mask = None if self.mask is None else self._file_mask(len(data.test))
        measured = HiddenFigures(self._cells, self.hidden, self.interval)
        rng = np.random.default_rng([self.seed, 1])
        with filled_files(out, data, self._cells) as files:
            for raw, x, missing in self._test_parts(data, mask):
                hidden = hide(np.where(missing, np.nan, x), self.hidden, rng, self._cells.spec)
                tried = self._with_intervals(x, missing | hidden)
                measured.add(x, hidden, tried)
                if out is None:
                    continue
                if missing.any() or data.spec.columns:
                    filled = self._with_intervals(x, missing)
                    files.write(raw, self._restore(raw, filled.x, missing), filled, missing, True)
                else:
                    files.write(raw, self._restore(raw, tried.x, hidden), tried, hidden, False)
        pictures, listings = [], []
        if out is not None and data.spec.columns:
            listings.append(
                Listing("By column", "Cells of these rows that were hidden.", *measured.by_column())
            )
        elif out is not None and files.shown is not None:
            pictures.append(self._picture(*files.shown))
        lack = self._conformal.lack if self._cells.number.any() else ""
        return Finding.of_headings(
            measured.figures(),
            measured.better(),
            [*measured.sentences(), *([(False, lack)] if lack else [])],
            pictures,
            listings,
            (*measured.notes(self.samples), *files.notes()),
            rows=measured.rows(),
            decisive=self.decisive,
        )

    def _file_mask(self, rows: int) -> np.ndarray:
        assert self.mask is not None
        if self._cells.spec.columns:
            raise ValueError("`mask` is for images and vectors, received a table: its gaps are its own.")
        return flat_mask(read_mask(Path(self.mask)), rows, self._cells.spec)

    def _test_parts(
        self, data: Data, mask: np.ndarray | None
    ) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
        start = 0
        for raw, x in data.parts("test", 2048):
            flat = flatten(x)
            missing = np.isnan(flat)
            if mask is not None:
                missing |= mask[start : start + len(flat)]
            start += len(flat)
            yield raw, flat, missing

    def _picture(self, original: np.ndarray, filled: np.ndarray, missing: np.ndarray) -> Picture:
        with_gaps = np.where(missing, np.nan, original)
        shaped = [self._cells.shaped(part) for part in (original, with_gaps, filled)]
        drawn = figures.reconstructions(shaped[0], {"with gaps": shaped[1], "filled": shaped[2]})
        return Picture("Filled", "What is white in the second row was not shown to the model.", drawn)
