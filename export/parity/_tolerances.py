"""Tolerances: the bounds of the measures of an artifact, by its precision."""

from kerasae.precisions import Precision
from kerasae.registry import did_you_mean

#: Bound of each measure. Deviations are in units of x (pixels in [0, 1], standard deviations of a column), in
#: standard deviations of codes and scores, or in nats of x. In float32 only the order of additions differs,
#: which is about 1e-6. The bounds are a hundred times larger; one weight that is wrong by a tenth exceeds
#: them. The other bounds are about three times the largest values in the table of the README, which
#: `benchmarks/export_table.py` measures over all families and networks. A score that moves by 0.02 standard
#: deviations changes a rate of false alarms of 1 % to at most 1.06 %, if scores are normal. The smaller the
#: residuals of a model, the more its scores move by the same change of its reconstructions.
TOLERANCES: dict[Precision, dict[str, float]] = {
    "float32": {
        "max_deviation": 1e-4,
        "score_max_deviation": 1e-4,
        "agreement": 0.999,
        "error_ratio": 1.001,
        "score_shift": 1e-3,
        "rank_correlation": 0.9999,
        "first_reason": 0.99,
        "decisions": 0.998,
    },
    "float16": {
        "max_deviation": 0.03,
        "mean_deviation": 0.003,
        "score_mean_deviation": 0.02,
        "agreement": 0.99,
        "error_ratio": 1.01,
        "score_shift": 0.02,
        "rank_correlation": 0.999,
        "first_reason": 0.99,
        "decisions": 0.99,
    },
    "dynamic": {
        "mean_deviation": 0.07,
        "score_mean_deviation": 0.07,
        "agreement": 0.95,
        "error_ratio": 1.03,
        "score_shift": 0.05,
        "rank_correlation": 0.995,
        "first_reason": 0.99,
        "decisions": 0.98,
    },
    "int8": {
        "mean_deviation": 0.15,
        "score_mean_deviation": 0.15,
        "agreement": 0.9,
        "error_ratio": 1.05,
        "score_shift": 0.1,
        "rank_correlation": 0.99,
        "first_reason": 0.99,
        "decisions": 0.97,
    },
}


def tolerances(precision: Precision, changed: dict[str, float] | None) -> dict[str, float]:
    """Return the tolerances of a precision.

    Args:
        precision: Precision of the artifact.
        changed: Bounds by measure that replace the default ones; `None` if there are none.

    Raises:
        ValueError: If a measure is unknown.
    """
    known = sorted({key for values in TOLERANCES.values() for key in values})
    for key in changed or {}:
        if key not in known:
            raise ValueError(f"Unknown tolerance {key!r}; {did_you_mean(key, known)}")
    return TOLERANCES[precision] | (changed or {})
