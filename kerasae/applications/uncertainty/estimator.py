"""Uncertainty of reconstructions and scores, by row and by cell."""

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from kerasae.applications._arguments import check_at_least, check_counts, check_shares
from kerasae.applications._base import Application, Finding, row_names
from kerasae.applications._conformal import Conformal
from kerasae.applications._filling.cells import Cells, flatten
from kerasae.applications._filling.posterior import (
    Posterior,
    drawn,
    even_points,
    expected,
    has_posterior,
    means,
)
from kerasae.applications._filling.raw import raw_ends
from kerasae.applications.uncertainty._files import write_arrays, write_cells
from kerasae.applications.uncertainty._page import least_certain, notes, picture, sentences
from kerasae.applications.uncertainty._spread import Spread
from kerasae.applications.uncertainty._summary import Summary
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.report.sheet import write_sheet
from kerasae.spec import Spec


class Uncertainty(Application):
    """Uncertainty of reconstructions and scores over draws of the posterior, with calibrated intervals.

    For each row, codes are drawn from `q(z|x)`. The spread of `-log p(x|z)` over them is the uncertainty of
    the score. The spread of their reconstructions is that of each cell. The interval of a cell also includes
    the noise of the likelihood. It is widened or narrowed on the calibration rows until it covers the stated
    share of the true values.

    The report writes `uncertainty.csv`, one row for each example: mean and standard deviation of the score
    over the draws, squared error of the mean, mean standard deviation of the cells, mean width of the
    intervals, share of the numbers outside them, and label if there is one. For tables it writes `cells.csv`
    with the value, the reconstruction, the standard deviation and the interval of each number. For images and
    vectors it writes the same as `cells.npz`, and for images also `spread.png`. `kerasae apply` stores the
    fitted application in the run; a later use loads it and does not read the training data.

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
        >>> from kerasae.applications import Uncertainty
        >>> uncertainty = Uncertainty(model).fit(data)
        >>> low, high = uncertainty.intervals(data.test.examples)
        >>> mean, deviation = uncertainty.score_samples(data.test.examples)

    Reference: Kingma and Welling 2014, ICLR; Romano, Patterson, Candès 2019, NeurIPS (intervals).
    """

    spec_: Spec

    needs_numbers: ClassVar[bool] = True

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
        check_shares(interval=interval)
        check_at_least(2, samples=samples)
        check_counts(most=most)
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
        self.spec_ = data.spec
        self._cells = Cells(data.spec, data.preprocessor).fit(data)
        self._posterior = Posterior(self.codec, self.samples, self.seed)
        drawn = data.drawn("calibration", self.most, self.seed)
        x = flatten(drawn.x("calibration"))
        low, high = (x, x) if not len(x) else self._spread(x)[2:4]
        counted = ~np.isnan(x) & self._cells.number
        self._conformal = Conformal(self.interval, drawn.calibration.block)
        self._conformal.fit(low, high, np.nan_to_num(x), counted)
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
        return Spread.joined(parts)

    def _calibrated(self, x: np.ndarray) -> Spread:
        spread = self._spread(x)
        low, high = self._conformal.apply(spread.low, spread.high)
        # A mean may lie outside the quantiles of a skewed distribution.
        return spread._replace(low=np.minimum(low, spread.mean), high=np.maximum(high, spread.mean))

    # Reporting -----------------------------------------------------------------------------------

    def report(self, data: Data, out: Path | None) -> Finding:
        names = row_names(data)
        summary = Summary(self._cells, self.interval, self.most)
        for raw, shaped in data.parts("test", 2048):
            x = flatten(shaped)
            spread, here = self._calibrated(x), names[len(summary) :][: len(x)]
            if out is not None and data.spec.columns:
                write_cells(out / "cells.csv", self._cells, here, raw, spread, first=not len(summary))
            summary.add(here, x, spread)
        pictures, listings = [], []
        if out is not None:
            frame = summary.frame()
            if data.test.labels is not None:
                frame["label"] = data.test.labels
            write_sheet(frame, out / "uncertainty.csv")
            listings.append(least_certain(frame))
            if not data.spec.columns:
                write_arrays(out / "cells.npz", self._cells, summary.spread())
            if kind_of(data.spec).is_picture:
                pictures.append(picture(out / "spread.png", self._cells, *summary.first_part()))
        lack = self._conformal.lack if self._cells.number.any() else ""
        return Finding(
            summary.metrics(),
            "coverage",
            sentences(self.interval, summary.coverage, lack),
            pictures,
            listings,
            notes(self.codec.reconstruction_loss.unit, self.samples),  # type: ignore[attr-defined]
        )

    # Storage -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"cells": self._cells.state(), "conformal": self._conformal.state()}

    def set_state(self, state: dict[str, Any]) -> None:
        self._cells = Cells.of_state(state["cells"], self.spec_, self.codec.preprocessor)
        self._posterior = Posterior(self.codec, self.samples, self.seed)
        self._conformal = Conformal.of_state(state["conformal"], self.interval)
