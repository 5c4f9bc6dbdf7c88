"""Imputation: missing entries, filled from the present ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from kerasae.applications._arguments import check_counts, check_shares
from kerasae.applications._base import Application, Finding
from kerasae.applications._conformal import Conformal
from kerasae.applications._filling.cells import Cells, flatten
from kerasae.applications._filling.files import filled_files
from kerasae.applications._filling.filling import Filled
from kerasae.applications._filling.raw import put_back, raw_ends
from kerasae.applications.imputation._choice import Choice
from kerasae.applications.imputation._errors import HiddenErrors
from kerasae.applications.imputation._filler import Filler
from kerasae.applications.imputation._mask import file_mask, flat_mask, hide, hide_often
from kerasae.applications.imputation._report import by_column, notes, picture, sentences
from kerasae.baselines import FillingBaseline
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.preprocessing import as_frame
from kerasae.spec import Spec


class Imputer(Application):
    """Single and multiple imputation of missing entries, with calibrated intervals.

    A gap is a missing entry of a table, a NaN in a vector, or an entry that a mask marks. Present entries do
    not change. Filled values of a column of integers are whole, also if the column is one of floats because
    of its gaps.

    A variational model draws codes around the posterior given the present cells, and weighs them by their
    likelihood. The filled value is their weighted mean, and multiple imputations are draws. Numbers of a
    table keep the range, the decimals and the values that many rows share.

    With any other codec, gaps start at typical values and are reconstructed until they no longer change.
    Multiple imputations add residuals of held-out rows. Cells hidden from the validation rows choose the
    number of reconstructions and the initial values. They also set how far the predictions of a column are
    trusted, if at least 30 of its cells were hidden: numbers are drawn towards their mean by the weight of
    least squares, and a category is the mode in a column in which the model is wrong more often. The pixels
    of images are such columns, and those with fewer hidden cells are judged together. Cells hidden from the
    calibration rows widen the intervals until they cover the stated share. A model that was trained with
    gaps, or with masking noise (`--preset imputer`), fills best.

    For a table the report writes `filled.csv` and `intervals.csv`. For images and vectors it writes
    `filled.npz` (`filled`, `missing`, and `low` and `high` in raw units), for images also PNG files. `kerasae
    apply` stores the fitted application in the run; a later use loads it and does not read the training data.

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
        >>> from kerasae.applications import Imputer
        >>> imputer = Imputer(model).fit(data)
        >>> filled = imputer.transform(frame)
        >>> several = imputer.draw(frame, draws=5, seed=0)
        >>> sure = imputer.confidence(frame)

    Reference: Mattei and Frellsen 2019, ICML (MIWAE); Rezende, Mohamed, Wierstra 2014, ICML, appendix
    F; Copas 1983, JRSS B 45(3) (weights); Romano, Patterson, Candès 2019, NeurIPS (intervals).
    """

    spec_: Spec

    needs_numbers: ClassVar[bool] = True
    only_reported: ClassVar[tuple[str, ...]] = ("mask",)

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
        check_shares(hidden=hidden, interval=interval)
        check_counts(rounds=rounds, samples=samples, most=most)
        self.hidden = hidden
        self.interval = interval
        self.rounds = rounds
        self.samples = samples
        self.mask = mask
        self.most = most
        self.seed = seed

    # Learning ------------------------------------------------------------------------------------

    def fit(self, data: Data) -> Self:
        """Fit the typical values, the method that fills gaps, and the width of the intervals."""
        self.spec_ = data.spec
        self._cells = Cells(data.spec, data.preprocessor).fit(data)
        self._filler = Filler(self._cells, self._choice())
        data = data.with_choices()
        x, hidden, numbers = self._hidden_rows(data, "validation" if len(data.validation) else "train", 0)
        filled = self._filler.choose(x, hidden)
        # Ranks matter only to a table with values that many rows share.
        ranked = None
        if self._cells.values is not None and self._cells.values.sharing:
            rows, gaps, _ = self._hidden_rows(data, "train", 3)
            likely = self._filler.fit_likely(rows, gaps)
            self._filler.choose_columns(filled, x, hidden)
            ranked = rows, gaps, self._filler.settled(likely, np.isnan(rows) | gaps)
        settled = self._filler.settled(filled, np.isnan(x) | hidden)
        self._filler.fit_residuals(settled, x, hidden, numbers)
        self._calibrate(data)
        if ranked is not None:
            self._filler.fit_drawn(*ranked, np.random.default_rng(self.seed))
        return self

    def _choice(self) -> Choice:
        level, seed = self.interval, self.seed
        return Choice(
            self.codec, self._cells, rounds=self.rounds, samples=self.samples, level=level, seed=seed
        )

    def _calibrate(self, data: Data) -> None:
        """Fit the intervals on calibration rows, which chose neither weights nor settings."""
        x, hidden, rows = self._hidden_rows(data, "calibration", 2)
        filled = self._filler.fill(x, np.isnan(x) | hidden) if len(x) else Filled(x, x, x)
        number = hidden & self._cells.number
        drawn = data.drawn("calibration", self.most, self.seed).calibration
        self._conformal = Conformal(self.interval, drawn.block)
        self._conformal.fit(filled.low, filled.high, np.nan_to_num(x), number, rows)
        if len(x):
            self._filler.fit_residuals(filled, x, hidden, rows)

    def _hidden_rows(self, data: Data, split: str, draw: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return rows of a split in `x`, which of their cells are hidden, and the number of each row."""
        x = flatten(data.drawn(split, self.most, self.seed).x(split))
        rng = np.random.default_rng([self.seed, draw])
        return hide_often(x, self.most, self.hidden, rng, data.spec)

    # Filling -------------------------------------------------------------------------------------

    def transform(self, raw: Any, mask: np.ndarray | None = None) -> Any:
        """Fill the gaps of raw examples, with the same type as `raw`; present entries do not change.

        Args:
            raw: Raw examples.
            mask: Whether an entry is a gap, `(rows, ...)`, or the shape of one example for all. Defaults to
                `None`.
        """
        raw = as_frame(raw)
        x, missing = self._gaps_of(raw, mask)
        return self._restore(raw, self._filler.fill(x, missing).x, missing)

    def draw(self, raw: Any, draws: int = 5, seed: int = 0, mask: np.ndarray | None = None) -> list[Any]:
        """Draw multiple imputations, whose spread is their uncertainty: a list of raw examples.

        A variational model draws from its posterior and likelihood. With any other codec each number is the
        most likely one plus a residual of the column on held-out rows. Each category is one that held-out
        rows had where the model predicted the same.
        """
        check_counts(draws=draws)
        raw = as_frame(raw)
        x, missing = self._gaps_of(raw, mask)
        drawn = self._filler.draw(x, missing, draws, np.random.default_rng(seed))
        return [self._restore(raw, filled, missing) for filled in drawn]

    def intervals(self, raw: Any, mask: np.ndarray | None = None) -> tuple[Any, Any, Any]:
        """Return the filled examples and the ends of their intervals, in raw units.

        Returns:
            Filled examples and, as floats, lower and upper ends, all in the same form. The ends are NaN for
            present entries, for categories and booleans, and if there are too few calibration rows for an
            interval.
        """
        raw = as_frame(raw)
        x, missing = self._gaps_of(raw, mask)
        filled = self._with_intervals(x, missing)
        low, high = raw_ends(self._cells, filled, missing, raw)
        return self._restore(raw, filled.x, missing), low, high

    def confidence(self, raw: Any, mask: np.ndarray | None = None) -> np.ndarray:
        """Return the probability that a filled category or boolean is right, `(rows, entries of a row)`.

        It is the share of hidden cells of its column that were filled with the same value and were right: on
        calibration rows, or on validation rows if there are none. NaN for a number, for a present entry, and
        if this value was filled in fewer than 10 of these rows.

        Args:
            raw: Raw examples.
            mask: As for `transform`.
        """
        x, missing = self._gaps_of(as_frame(raw), mask)
        return self._filler.confidence(self._filler.fill(x, missing), missing)

    def _with_intervals(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        if not missing.any():
            nothing = np.full_like(x, np.nan)
            return Filled(x, nothing, nothing, confidence=nothing)
        filled = self._filler.fill(x, missing)
        low, high = self._conformal.apply(filled.low, filled.high)
        # A mean may lie outside the quantiles of a skewed distribution.
        low, high = np.minimum(low, filled.x), np.maximum(high, filled.x)
        return filled._replace(low=low, high=high, confidence=self._filler.confidence(filled, missing))

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
        errors = HiddenErrors(self._cells, self.interval, data.test.block)
        # All parts are written alike: a part without gaps may follow one with gaps.
        gaps = out is not None and (bool(data.spec.columns) or self._has_gaps(data))
        with filled_files(out, data, self._cells) as files:
            for raw, x, missing, hidden in self._hidden_parts(data):
                tried = self._with_intervals(x, missing | hidden)
                errors.add(x, hidden, tried)
                if out is None:
                    continue
                if gaps:
                    filled = self._with_intervals(x, missing)
                    files.write(raw, self._restore(raw, filled.x, missing), filled, missing, True)
                else:
                    files.write(raw, self._restore(raw, tried.x, hidden), tried, hidden, False)
        return Finding(
            errors.metrics(),
            errors.decisive,
            sentences(errors, self._conformal.lack if self._cells.number.any() else ""),
            [] if files.shown is None else [picture(self._cells, files.shown)],
            [by_column(errors)] if out is not None and data.spec.columns else [],
            (*notes(errors, self.hidden, self.samples), *files.notes()),
        )

    def beside(self, data: Data) -> dict[str, Finding]:
        findings = {}
        for baseline in FillingBaseline.all_for(data.spec):
            few = data.drawn("train", baseline.most_rows, self.seed)
            baseline.fit(flatten(few.x("train")))
            errors = HiddenErrors(self._cells, self.interval, data.test.block)
            for _, x, missing, hidden in self._hidden_parts(data):
                done = self._cells.legal(baseline.fill(x, missing | hidden))
                nothing = np.full_like(done, np.nan)
                errors.add(x, hidden, Filled(done, nothing, nothing))
            findings[baseline.name] = Finding(errors.metrics(), errors.decisive)
        return findings

    def _hidden_parts(self, data: Data) -> Iterator[tuple[Any, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield raw rows of the test split, their `x`, what is missing and what is hidden, part by part."""
        rng = np.random.default_rng([self.seed, 1])
        for raw, x, missing in self._test_parts(data):
            hidden = hide(np.where(missing, np.nan, x), self.hidden, rng, self._cells.spec)
            yield raw, x, missing, hidden

    def _has_gaps(self, data: Data) -> bool:
        return any(missing.any() for *_, missing in self._test_parts(data))

    def _test_parts(self, data: Data) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
        mask = None if self.mask is None else file_mask(self.mask, len(data.test), data.spec)
        start = 0
        for raw, x in data.parts("test", 2048):
            flat = flatten(x)
            missing = np.isnan(flat)
            if mask is not None:
                missing |= mask[start : start + len(flat)]
            start += len(flat)
            yield raw, flat, missing

    # Storage -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {
            "cells": self._cells.state(),
            "filler": self._filler.state(),
            "conformal": self._conformal.state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        self._cells = Cells.of_state(state["cells"], self.spec_, self.codec.preprocessor)
        self._filler = Filler.of_state(state["filler"], self._cells, self._choice())
        self._conformal = Conformal.of_state(state["conformal"], self.interval)
