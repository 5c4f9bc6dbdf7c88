"""Metrics of generated examples: samples, paths and attributes."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from kerasae.applications.generation._copula import GaussianCopula
from kerasae.applications.generation._discrimination import told_apart
from kerasae.applications.generation._manifolds import covered, nearest, precision_and_recall
from kerasae.applications.generation._paths import unevenness
from kerasae.metrics import Metric, RowFigure, RowInfluences, RowSums, auroc_rows
from kerasae.report.paired import Paired

#: Smallest number of held-out rows for a metric on them.
FEWEST = 10
#: Key of the metric by which models are compared.
DECISIVE = "precision_and_recall"
#: Number of nearest neighbours that define a manifold, as in Kynkäänniemi et al. 2019.
MANIFOLD = 3
#: Distance below which rows are equal but for rounding, as a share of the spread of the training rows.
_ROUNDING = 1e-5
#: Number of nearest training rows that decide whether an example looks like a label.
_JUDGES = 5


@dataclasses.dataclass(frozen=True)
class Measured:
    """Metrics, and for some of them the comparison with a reference.

    Args:
        metrics: Metrics in the order of the columns of a table.
        pairs: Comparison of a metric with its reference, by the key of the metric. Defaults to none.
    """

    metrics: Sequence[Metric]
    pairs: Mapping[str, Paired] = dataclasses.field(default_factory=dict)

    @classmethod
    def joined(cls, parts: Sequence["Measured"]) -> Self:
        """Return several measurements as one, in their order."""
        pairs = {key: paired for part in parts for key, paired in part.pairs.items()}
        return cls([metric for part in parts for metric in part.metrics], pairs)

    def number(self, key: str) -> float | None:
        """Return the value of a metric; `None` if it is undefined or was not measured."""
        return next((metric.number for metric in self.metrics if metric.key == key), None)


def measure_samples(heldout: np.ndarray, samples: np.ndarray, training: np.ndarray) -> Measured:
    """Measure the distance of samples from training rows, and their precision and recall.

    What decides between two models is the mean of precision and recall: one perfect row again and again has
    the precision 1, and hardly any recall. Its standard error takes a sample and a held-out row together.

    The reference of the distance is chance: the area under the ROC curve of the distances of samples and of
    held-out rows is 0.5 if samples lie as far from training rows as held-out rows do.

    Args:
        heldout: Held-out rows as points, `(rows, features)`.
        samples: Samples as points, as many.
        training: Training rows as points.

    Returns:
        The metrics, undefined if too few rows are held out.
    """
    ratio = Metric("nearest_ratio", "nearest / held-out")
    precision = Metric("precision", "precision", lower=False)
    recall = Metric("recall", "recall", lower=False)
    both = Metric(DECISIVE, "precision and recall", lower=False)
    if len(heldout) < FEWEST:
        return Measured([ratio, precision, recall, both])
    k = min(MANIFOLD, len(heldout) - 1)
    distances = [nearest(points, training) for points in (heldout, samples)]
    unit, distance = _unit(distances[0], training), float(np.median(distances[1]))
    inside, reached = (
        covered(points, by, k).astype("float64") for points, by in ((samples, heldout), (heldout, samples))
    )
    mean = RowSums((inside + reached) / 2.0, np.ones(len(inside)))
    is_sample = np.repeat([False, True], [len(part) for part in distances])
    farther = auroc_rows(is_sample, np.concatenate(distances))
    chance = RowInfluences(0.5, np.zeros(len(is_sample)))
    return Measured(
        [
            dataclasses.replace(ratio, value=distance / unit if unit else None),
            dataclasses.replace(precision, value=float(inside.mean())),
            dataclasses.replace(recall, value=float(reached.mean())),
            dataclasses.replace(both, value=mean.value, rows=[mean]),
        ],
        _pairs(ratio, farther, chance, lower=True),
    )


def measure_truth(real: np.ndarray, samples: np.ndarray, copula: GaussianCopula, seed: int) -> Measured:
    """Measure how well trees tell samples from held-out rows; the reference are rows of a copula.

    Args:
        real: Held-out rows of `x`, `(rows, ...)`.
        samples: Samples of `x`, at least as many.
        copula: Gaussian copula fitted on training rows.
        seed: Seed of the trees; the copula draws with the next one.
    """
    told = Metric("told_from_real", "told from real (AUC)", lower=True)
    of_copula = Metric("copula_told_from_real", "of a Gaussian copula")
    drawn = copula.sample(len(real), seed + 1)
    ours, theirs = (told_apart(real, rows, seed) for rows in (samples, drawn))
    if ours is None or theirs is None:
        return Measured([told, of_copula])
    metrics = [
        dataclasses.replace(told, value=ours.value),
        dataclasses.replace(of_copula, value=theirs.value),
    ]
    return Measured(metrics, _pairs(told, ours, theirs, lower=True))


def measure_paths(paths: Sequence[np.ndarray], heldout: np.ndarray, training: np.ndarray) -> Measured:
    """Measure how even paths between rows are, and how far they lead from training rows.

    Args:
        paths: Examples along each path as points, `(steps, features)`.
        heldout: Held-out rows as points, `(rows, features)`.
        training: Training rows as points.
    """
    ratios = [ratio for points in paths if (ratio := unevenness(points)) is not None]
    distances = [nearest(points[1:-1], training).mean() for points in paths if len(points) > 2]
    unit = _unit(nearest(heldout, training), training) if len(heldout) >= FEWEST else 0.0
    return Measured(
        [
            Metric("step_ratio", "step ratio", float(np.mean(ratios)) if ratios else None, lower=True),
            Metric(
                "path_ratio",
                "path / held-out",
                float(np.mean(distances)) / unit if unit and distances else None,
            ),
        ]
    )


def measure_attribute(
    label: str, before: np.ndarray, after: np.ndarray, training: np.ndarray, has_label: np.ndarray
) -> Measured:
    """Measure how often rows without a label look like it before and after its attribute is added.

    Args:
        label: Label.
        before: Rows as points, `(rows, features)`.
        after: The same rows with the attribute added.
        training: Training rows as points, `(training rows, features)`.
        has_label: Whether a training row has the label, `(training rows,)`.
    """
    judge = KNeighborsClassifier(min(_JUDGES, len(training))).fit(training, has_label)
    shares = [judge.predict(points) for points in (before, after)]
    metrics = [
        Metric("looks_before", f"looks like {label}, before", float(shares[0].mean())),
        Metric("looks_after", f"looks like {label}, after", float(shares[1].mean()), lower=False),
    ]
    was, now = (RowSums(share.astype("float64"), np.ones(len(share))) for share in shares)
    return Measured(metrics, _pairs(metrics[1], now, was, lower=False))


def best_precision_and_recall(
    heldout: np.ndarray, training: np.ndarray, seed: int
) -> tuple[float, float] | None:
    """Return precision and recall of as many training rows: the best values that samples could reach.

    Args:
        heldout: Held-out rows as points, `(rows, features)`.
        training: Training rows as points.
        seed: Seed of the choice of training rows.

    Returns:
        The two values; `None` for too few rows.
    """
    count = min(len(heldout), len(training))
    if count < FEWEST:
        return None
    rows = np.random.default_rng(seed).permutation(len(training))[:count]
    return precision_and_recall(heldout, training[rows], min(MANIFOLD, count - 1))


def _unit(distances: np.ndarray, training: np.ndarray) -> float:
    """Return the median distance of held-out rows; 0 if they are training rows but for rounding."""
    median = float(np.median(distances))
    return median if median > _ROUNDING * np.linalg.norm(training.std(axis=0)) else 0.0


def _pairs(metric: Metric, ours: RowFigure, theirs: RowFigure, *, lower: bool) -> dict[str, Paired]:
    paired = Paired.of([ours], [theirs], lower)
    return {} if paired is None else {metric.key: paired}
