"""Curve: the error over the code size, beside that of the baselines, and the size at which it bends."""

import dataclasses
from collections.abc import Mapping

import numpy as np

#: Smallest gain from a larger code that counts, as a share of the error.
WORTH = 0.02


@dataclasses.dataclass(frozen=True)
class Point:
    """Best trial of one code size.

    Args:
        latent_dim: Code size.
        value: Value of the best trial on the validation split.
        trial: Number of the best trial.
        baselines: Value of each baseline of the same code size.
        errors: Standard error of the difference from each baseline over the validation rows, if it is known.
            Defaults to `{}`.
        tried: Number of trials of this size from which the best one was chosen by the same rows. Defaults
            to 1.
        cut: Number of epochs at which the best trial ended although its last epoch was the best one. Defaults
            to 0: it ended by itself.
    """

    latent_dim: int
    value: float
    trial: int
    baselines: dict[str, float]
    errors: dict[str, float] = dataclasses.field(default_factory=dict)
    tried: int = 1
    cut: int = 0


@dataclasses.dataclass(frozen=True)
class Curve:
    """Best trial of each code size, with the baselines of the same size.

    Args:
        points: Points in the order of the code sizes, one for each size with a completed trial.
        lower: Whether lower values are better.
        heading: Heading of the values.
        titles: Title of each baseline in a sentence, by its name. Defaults to `{}`: the name itself.
    """

    points: tuple[Point, ...]
    lower: bool
    heading: str
    titles: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def badness(self, value: float) -> float:
        """Return a value for which lower is better. A share of successes becomes a share of failures."""
        return value if self.lower else 1.0 - value

    def point(self, latent_dim: int) -> Point:
        """Return the point of a code size.

        Raises:
            ValueError: If no trial of this code size is completed.
        """
        for point in self.points:
            if point.latent_dim == latent_dim:
                return point
        raise ValueError(
            f"Expected a code size with a completed trial, one of "
            f"{', '.join(str(point.latent_dim) for point in self.points)}; received {latent_dim}."
        )

    def envelope(self) -> np.ndarray:
        """Return the smallest badness up to each code size: a larger code can do what a smaller one does."""
        return np.minimum.accumulate([self.badness(point.value) for point in self.points])

    def knee(self) -> int | None:
        """Return the code size at which the curve bends most; `None` if it does not bend.

        The knee has the largest distance from the straight line between the ends of the curve, over the
        logarithm of the code size.

        Reference: Satopaa et al. 2011, *Finding a "Kneedle" in a Haystack*, without the smoothing.
        """
        y = self.envelope()
        if len(y) < 3 or y[0] <= y[-1]:
            return None
        x = np.log([point.latent_dim for point in self.points])
        distance = (x[-1] - x) / (x[-1] - x[0]) - (y - y[-1]) / (y[0] - y[-1])
        return self.points[int(np.argmax(distance))].latent_dim if distance.max() > 0.05 else None

    def enough(self) -> int | None:
        """Return the smallest code size whose error no larger one reduces by more than 2 %.

        `None` if the largest code size is more than 2 % better than all others.
        """
        y = self.envelope()
        for point, value in zip(self.points[:-1], y[:-1], strict=True):
            if y[-1] >= (1 - WORTH) * value:
                return point.latent_dim
        return None

    def recommended(self) -> int:
        """Return the smaller one of the knee and `enough`; without both, the largest code size."""
        sizes = [size for size in (self.knee(), self.enough()) if size is not None]
        return min(sizes, default=self.points[-1].latent_dim)
