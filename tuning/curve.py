"""The trade-off curve: the error of each code size beside PCA, and how small a code will do."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from kerasae.tuning.objectives import Objective, judged
from kerasae.tuning.trials import Trial, read_rows

from kerasae.baselines import fit_baselines
from kerasae.data import Data, Split
from kerasae.metrics import Difference, RowSums, difference

#: Least gain from a larger code that is worth a word, as a share of the error.
_WORTH = 0.02
#: A difference of more percent says less than the two figures do.
_TELLING = 1000


@dataclasses.dataclass(frozen=True)
class Point:
    """One code size.

    Args:
        latent_dim: Size of the code.
        value: Value of the best trial on the validation split.
        trial: Number of that trial.
        baselines: Value of each baseline of this size.
        errors: Standard error of the difference from each baseline, over the validation rows, where it is
            known. Defaults to none.
        tried: Number of trials of this size, of which the best was chosen by these rows. Defaults to 1.
    """

    latent_dim: int
    value: float
    trial: int
    baselines: dict[str, float]
    errors: dict[str, float] = dataclasses.field(default_factory=dict)
    tried: int = 1


@dataclasses.dataclass(frozen=True)
class Curve:
    """The best of each code size.

    Args:
        points: A point for each code size of which a trial has figures, from the smallest on.
        lower: Whether lower values are better.
        heading: Name of the values.
        titles: Name of each baseline in sentences, by its name. Defaults to none, the name itself.
    """

    points: tuple[Point, ...]
    lower: bool
    heading: str
    titles: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def badness(self, value: float) -> float:
        """Return a value so that lower is better: a share of successes becomes one of failures."""
        return value if self.lower else 1.0 - value

    def point(self, latent_dim: int) -> Point:
        """Return the point of a code size.

        Raises:
            ValueError: If no trial of it has figures.
        """
        for point in self.points:
            if point.latent_dim == latent_dim:
                return point
        raise ValueError(
            f"Expected a code size of which a trial has figures, one of "
            f"{', '.join(str(point.latent_dim) for point in self.points)}; received {latent_dim}."
        )

    def envelope(self) -> np.ndarray:
        """Return the least badness up to each code size: a larger code can do what a smaller one does."""
        return np.minimum.accumulate([self.badness(point.value) for point in self.points])

    def knee(self) -> int | None:
        """Return the code size where the curve bends most, or `None` if it does not bend.

        The greatest distance from the straight line between the ends, over the logarithm of the code
        size.

        Reference: Satopaa et al. 2011, *Finding a "Kneedle" in a Haystack*, without the smoothing.
        """
        y = self.envelope()
        if len(y) < 3 or y[0] <= y[-1]:
            return None
        x = np.log([point.latent_dim for point in self.points])
        distance = (x[-1] - x) / (x[-1] - x[0]) - (y - y[-1]) / (y[0] - y[-1])
        return self.points[int(np.argmax(distance))].latent_dim if distance.max() > 0.05 else None

    def enough(self) -> int | None:
        """Return the least code size beyond which no larger one is better by 2 % of its error.

        It is `None` if the largest size is still better than the one before by more.
        """
        y = self.envelope()
        for point, value in zip(self.points[:-1], y[:-1], strict=True):
            if y[-1] >= (1 - _WORTH) * value:
                return point.latent_dim
        return None

    def recommended(self) -> int:
        """Return the knee or, without one, the least code size that does as well as any, or the largest."""
        return self.knee() or self.enough() or self.points[-1].latent_dim

    def words(self, chosen: int | None = None) -> list[tuple[bool, str]]:
        """Return the recommendation in sentences, each with whether it is good news.

        Args:
            chosen: Code size to speak of. Defaults to the recommended one.
        """
        size = chosen or self.recommended()
        point = self.point(size)
        why = "as wished" if chosen else self._why(size)
        sentences = [(True, f"{_numbers(size)}, {why}: {self._against(point)}.")]
        enough = self.enough()
        if enough is not None:
            buys = self._gain(self.envelope()[self._at(enough)], self.envelope()[-1])
            what = "nothing" if buys <= 0 else f"less than {100 * _WORTH:.0f} %"
            sentences.append((True, f"More than {enough} buys {what}."))
        elif len(self.points) > 1 and self.envelope()[-1] > 0:
            last, before = self.points[-1], self.points[-2]
            gain = self._gain(*self.envelope()[-2:])
            sentences.append(
                (
                    True,
                    f"The curve has not levelled off: {last.latent_dim} are {gain:.0f} % better than "
                    f"{before.latent_dim}, so more may buy more (--latent-dims).",
                )
            )
        for other in self.points:
            best = self._best_baseline(other)
            if best is None:
                continue
            better = self.badness(other.value) < self.badness(best.value)
            if better and best.differs(other):
                continue
            how = "better" if best.differs(other) else "as good"
            where = f"At {_numbers(other.latent_dim)}"
            sentences.append((False, f"{where} {best.title} is {how}: {self._against(other)}."))
        return sentences

    def _why(self, size: int) -> str:
        if size == self.knee():
            return "the knee of the curve"
        if self.enough() is not None:
            return "as good as any tried"
        return "the largest tried" if len(self.points) > 1 else "the only size tried"

    def _at(self, latent_dim: int) -> int:
        return [point.latent_dim for point in self.points].index(latent_dim)

    def _gain(self, before: float, after: float) -> float:
        return 100 * (before - after) / before if before > 0 else 0.0

    def _best_baseline(self, point: Point) -> "_Rival | None":
        if not point.baselines:
            return None
        name = min(point.baselines, key=lambda key: self.badness(point.baselines[key]))
        return _Rival(self.titles.get(name, name), point.baselines[name], point.errors.get(name, 0.0))

    def _against(self, point: Point) -> str:
        best = self._best_baseline(point)
        said = f"{self.heading} {point.value:.4g}"
        if best is None:
            return said
        if self.lower and best.value <= 0:
            return f"{said}, where {best.title} is exact"
        share = self._gain(best.value, point.value)
        if not self.lower or abs(share) > _TELLING:
            return f"{said}, {best.title} {best.value:.4g}"
        if not best.differs(point):
            return f"{said}, {best.title} {best.value:.4g}, {_within(point.tried)}"
        error = 100 * best.error / best.value
        doubt = f" ± {error:.0f}" if error >= 1 else f" ± {error:.1g}" if error else ""
        return f"{said}, {abs(share):.0f}{doubt} % {'below' if share >= 0 else 'above'} {best.title}"


@dataclasses.dataclass(frozen=True)
class _Rival:
    """The best baseline of a code size, and the standard error of the difference from it, 0 if unknown."""

    title: str
    value: float
    error: float

    def differs(self, point: Point) -> bool:
        return Difference(point.value - self.value, self.error).shown_by_best_of(point.tried)


def _within(tried: int) -> str:
    if tried == 1:
        return "a difference within two standard errors"
    return f"a difference that the best of {tried} trials may have by chance"


def _numbers(count: int) -> str:
    return f"{count} number" if count == 1 else f"{count} numbers"


@dataclasses.dataclass(frozen=True)
class BaselineValue:
    """Figure of a baseline on the validation split.

    Args:
        title: Name of the baseline in sentences.
        value: Figure.
        rows: Contribution of each row to the figure, if the figure is such a sum. Defaults to `None`.
    """

    title: str
    value: float
    rows: RowSums | None = None


def baseline_values(sizes: Sequence[int], aim: Objective, data: Data) -> dict[int, dict[str, BaselineValue]]:
    """Return the results of the baselines of each code size on the validation split.

    They are fitted on the training split alone.

    Args:
        sizes: Sizes of the code.
        aim: Objective of the search.
        data: Data of the search.
    """
    nothing = Split(data.train.head(1)[:0])
    training = dataclasses.replace(data, validation=nothing)
    baselines: dict[int, dict[str, BaselineValue]] = {}
    for size in sizes:
        baselines[size] = {}
        for name, codec in fit_baselines(size, training).items():
            values, rows = judged(codec, data, aim.name)
            if aim.figure in values:
                baselines[size][name] = BaselineValue(codec.title, values[aim.figure], rows.get(aim.figure))
    return baselines


def trade_off(
    trials: Sequence[Trial],
    aim: Objective,
    baselines: dict[int, dict[str, BaselineValue]],
    folder: Path | None = None,
) -> Curve:
    """Return the curve of a search.

    Args:
        trials: Trials of the search. Those that failed, or would cost too much, are left out.
        aim: Objective of the search.
        baselines: Results of the baselines by code size and name.
        folder: Folder of the trials, with what each validation row added to their figures. Without it there
            are no standard errors. Defaults to none.
    """
    points = []
    for size in sorted({trial.latent_dim for trial in trials}):
        best = best_of(trials, aim, size)
        if best is not None and aim.figure in best.figures:
            rivals = baselines.get(size, {})
            rows = read_rows(folder, best).get(aim.figure) if folder is not None else None
            errors = {
                name: difference([rows], [rival.rows]).error
                for name, rival in rivals.items()
                if rows is not None and rival.rows is not None
            }
            values = {name: rival.value for name, rival in rivals.items()}
            tried = len(_rated(trials, aim, size))
            points.append(Point(size, best.figures[aim.figure], best.number, values, errors, tried))
    titles = {name: rival.title for rivals in baselines.values() for name, rival in rivals.items()}
    return Curve(tuple(points), aim.figure_lower, aim.heading, titles)


def best_of(trials: Sequence[Trial], aim: Objective, latent_dim: int | None = None) -> Trial | None:
    """Return the best trial, of a code size if one is given; of two that are equal, the earlier one."""
    sign = 1.0 if aim.lower else -1.0
    return min(_rated(trials, aim, latent_dim), key=lambda trial: sign * trial.figures[aim.key], default=None)


def _rated(trials: Sequence[Trial], aim: Objective, latent_dim: int | None) -> list[Trial]:
    return [
        trial
        for trial in trials
        if trial.completed and aim.key in trial.figures and latent_dim in (None, trial.latent_dim)
    ]
