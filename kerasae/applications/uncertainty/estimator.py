"""Uncertainty of reconstructions and scores, by row and by cell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from kerasae.applications._base import Application, Finding, row_names
from kerasae.applications._conformal import Conformal
from kerasae.applications._filling.cells import Cells, flatten
from kerasae.applications._filling.files import raw_ends
from kerasae.applications._filling.posterior import (
    Posterior,
    drawn,
    even_points,
    expected,
    has_posterior,
    means,
)
from kerasae.applications.uncertainty._spread import Spread, by_row, write_arrays, write_cells
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.report import as_text, figures
from kerasae.report.page import Listing, Picture
from kerasae.report.sheet import write_sheet


class Uncertainty(Application):
    """Uncertainty of reconstructions and scores over draws of the posterior, with calibrated intervals.

    For each row, codes are drawn from `q(z|x)`. The spread of `-log p(x|z)` over them is the uncertainty of
    the score. The spread of their reconstructions is that of each cell. The interval of a cell also includes
    the noise of the likelihood. It is widened or narrowed on the calibration rows until it covers the stated
    share of the true values.

    The report writes `uncertainty.csv`, one row for each example: mean and standard deviation of the score
    over the draws, squared error of the mean, mean standard deviation of the cells, mean width of the
    intervals, and share of the numbers outside them. For tables it writes `cells.csv` with the value, the
    reconstruction, the standard deviation and the interval of each number. For images and vectors it writes
    the same as `cells.npz`, and for images also `spread.png`.

    Args:
        codec: Variational model.
        samples: Number of codes drawn for each example. Defaults to 100.
        interval: Share of the true values that the intervals cover, in (0, 1). Defaults to 0.9.
        most: Largest number of calibration rows, which are subsampled, and of examples in `cells.npz`, which
            are the first ones. Defaults to 2000.
        seed: Seed of the subsample and the draws. Defaults to 0.

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> uncertainty = Uncertainty(model).fit(data)
        >>> low, high = uncertainty.intervals(data.test.examples)
        >>> mean, deviation = uncertainty.score_samples(data.test.examples)

    Reference: Kingma and Welling 2014, ICLR; Romano, Patterson, Candès 2019, NeurIPS (intervals).
    """

    kinds = ("image", "vector", "table")
    decisive = ("held by",)

    def __init__(
        self,
        codec: Codec,
        *,
        samples: int = 100,
        interval: float = 0.9,
        most: int = 2000,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        if not 0 < interval < 1:
            raise ValueError(f"`interval` must be in (0, 1), received {interval!r}.")
        if samples < 2:
            raise ValueError(f"`samples` must be at least 2, received {samples!r}.")
        if most < 1:
            raise ValueError(f"`most` must be positive, received {most!r}.")
        self.samples = samples
        self.interval = interval
        self.most = most
        self.seed = seed

    @classmethod
    def refusal(cls, codec: Codec) -> str:
        if has_posterior(codec):
            return ""
        return (
            "Uncertainty needs a posterior to draw from, so a model of the family 'variational', received "
            f"{type(codec).__name__}."
        )

    def fit(self, data: Data) -> Self:
        """Fit the width of the intervals on calibration rows."""
        self._cells = Cells(data)
        self._posterior = Posterior(self.codec, self.samples, self.seed)
        x = flatten(data.drawn("calibration", self.most, self.seed).x("calibration"))
        low, high = (x, x) if not len(x) else self._spread(x)[2:4]
        counted = ~np.isnan(x) & self._cells.number
        self._conformal = Conformal(self.interval).fit(low, high, np.nan_to_num(x), counted)
        return self

    # On raw examples -----------------------------------------------------------------------------

    def predict(self, raw: Any) -> Any:
        """Return the mean reconstruction of each example, as raw examples."""
        return self._cells.view.restore(self._cells.shaped(self._calibrated(self._x(raw)).mean))

    def score_samples(self, raw: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of `-log p(x|z)` over draws of `z`, each `(rows,)`."""
        score = self._spread(self._x(raw)).score
        return score.mean(axis=1), score.std(axis=1)

    def intervals(self, raw: Any) -> tuple[Any, Any]:
        """Return lower and upper ends for each number, in raw units, shaped like the examples.

        They are NaN for categories and booleans, and if there are too few calibration rows for an interval.
        """
        spread = self._calibrated(self._x(raw))
        everywhere = np.ones(spread.mean.shape, bool)
        return raw_ends(self._cells, spread.filled(), everywhere, raw)

    def _x(self, raw: Any) -> np.ndarray:
        return flatten(self._cells.view.to_x(raw))

    def _spread(self, x: np.ndarray) -> Spread:
        """Return the spread of the draws, before calibration."""
        loss: Any = self.codec.reconstruction_loss  # type: ignore[attr-defined]
        edges = [(1 - self.interval) / 2, (1 + self.interval) / 2]
        shaped = self._cells.shaped(x)
        parts = []
        # The levels are the same for every row, so that the result does not depend on the other rows.
        levels = even_points(self.samples, (1, *shaped.shape[1:]), np.random.default_rng(self.seed))
        for params, nll in self._posterior.parts(shaped):
            even = np.full(params.shape[:2], 1 / self.samples)
            mean = flatten(expected(loss, params, even))
            each = means(loss, params).reshape(*params.shape[:2], -1)
            deviation = np.where(
                self._cells.category, (each != mean).mean(axis=0), each.std(axis=0, dtype="float64")
            )
            several = drawn(loss, params, np.broadcast_to(levels, (*params.shape[:2], *levels.shape[2:])))
            several = several.reshape(each.shape)
            low, high = np.quantile(several, edges, axis=0)
            parts.append(Spread(mean, deviation, low, high, nll.T))
        joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
        return Spread(*joined)

    def _calibrated(self, x: np.ndarray) -> Spread:
        spread = self._spread(x)
        low, high = self._conformal.apply(spread.low, spread.high)
        # A mean may lie outside the quantiles of a skewed distribution.
        return spread._replace(low=np.minimum(low, spread.mean), high=np.maximum(high, spread.mean))

    # Reporting -----------------------------------------------------------------------------------

    def report(self, data: Data, out: Path | None) -> Finding:
        names = row_names(data)
        rows: list[pd.DataFrame] = []
        shown: list[tuple[np.ndarray, Spread]] = []
        shown_rows = start = 0
        held = np.zeros((2, len(self._cells.number)))
        for raw, x, spread in self._test_parts(data):
            counted = ~np.isnan(x) & self._cells.number & ~np.isnan(spread.low)
            inside = (spread.low <= x) & (x <= spread.high)
            held += [counted.sum(axis=0), (counted & inside).sum(axis=0)]
            rows.append(by_row(self._cells, names[start : start + len(x)], x, spread))
            if out is not None and data.spec.columns:
                write_cells(out / "cells.csv", self._cells, names[start:], raw, spread, start == 0)
            if shown_rows < self.most:
                part = slice(self.most - shown_rows)
                shown.append((x[part], spread.rows(part)))
                shown_rows += len(shown[-1][0])
            start += len(x)
        frame = pd.concat(rows, ignore_index=True)
        pictures, listings = [], []
        if out is not None:
            write_sheet(frame, out / "uncertainty.csv")
            listings.append(self._least_certain(frame))
            if not data.spec.columns:
                write_arrays(out / "cells.npz", self._cells, [part_spread for _, part_spread in shown])
            if kind_of(data.spec).is_picture:
                pictures.append(self._picture(out / "spread.png", shown))
        share = float(held[1].sum() / held[0].sum()) if held[0].sum() else None
        return self._finding(frame, share, pictures, listings)

    def _test_parts(self, data: Data) -> Iterator[tuple[Any, np.ndarray, Spread]]:
        for raw, x in data.parts("test", 2048):
            yield raw, flatten(x), self._calibrated(flatten(x))

    def _finding(
        self, frame: pd.DataFrame, share: float | None, pictures: list[Picture], listings: list[Listing]
    ) -> Finding:
        unit = self.codec.reconstruction_loss.unit  # type: ignore[attr-defined]
        measured: dict[str, float | int | str | None] = {
            "score": float(frame["score_mean"].mean()),
            "its deviation": float(frame["score_std"].mean()),
            "deviation of a cell": float(frame["cell_std"].mean()),
            f"held by the {self.interval:.0%} interval": share,
            "mean width": None
            if frame["interval_width"].isna().all()
            else float(frame["interval_width"].mean()),
        }
        sentences = []
        if share is not None:
            good = abs(share - self.interval) <= 0.05
            sentences.append(
                (good, f"The {self.interval:.0%} intervals held {share:.1%} of these rows' numbers.")
            )
        if self._cells.number.any() and (lack := self._conformal.lack):
            sentences.append((False, lack))
        notes = (
            f"Score: -log p(x|z) in {unit}, the mean over {self.samples} draws of "
            "z ~ q(z|x); its deviation: over those draws, the mean of the rows. Deviation of a cell: of its "
            "reconstructions over the draws, in units of x; of a category the share of draws that answer "
            "otherwise.",
            "Interval: quantiles of p(x|z) over the draws, widened or narrowed by one number a column on the "
            "calibration rows until they hold the stated share there.",
        )
        return Finding.of_headings(measured, {}, sentences, pictures, listings, notes, decisive=self.decisive)

    def _least_certain(self, frame: pd.DataFrame) -> Listing:
        worst = frame.sort_values("score_std", ascending=False).head(10)
        rows = [
            [str(row.row), as_text(row.score_mean), as_text(row.score_std, 3), as_text(row.cell_std, 3)]
            for row in worst.itertuples()
        ]
        return Listing(
            "Least certain",
            "The rows whose score differs most between draws.",
            ["row", "score", "its deviation", "deviation of a cell"],
            rows,
        )

    def _picture(self, path: Path, shown: list[tuple[np.ndarray, Spread]]) -> Picture:
        x, spread = shown[0]
        order = np.argsort(spread.score.std(axis=1))
        chosen = np.concatenate([order[:5], order[5:][-5:]])
        deviation = spread.deviation[chosen]
        bright = deviation * np.nanmax(x) / max(float(deviation.max()), 1e-12)
        shaped = [self._cells.shaped(cells) for cells in (x[chosen], spread.mean[chosen], bright)]
        drawn_figure = figures.reconstructions(shaped[0], {"mean": shaped[1], "spread": shaped[2]})
        drawn_figure.savefig(path, facecolor="white")
        caption = (
            f"Left the five most certain of the first {len(x):,} rows, right the five least certain. "
            f"Spread: the deviation of each pixel over the draws; white is {float(deviation.max()):.3g}, in "
            "units of x."
        )
        return Picture("Spread", caption, drawn_figure)
