"""beyond_peaks: a threshold above all held-out scores, from the highest score of each block."""

import math

import numpy as np

#: Score of a row that cannot be scored.
_HIGHEST = np.finfo("float32").max


def beyond_peaks(scores: np.ndarray, block: int, false_alarms: float) -> float:
    """Return the score that the highest of a new block exceeds with probability `false_alarms`, estimated.

    Let `k` of `B` blocks be the half with the highest peaks, `u` the next lower peak, and `S` the sum of
    their excesses over `u`. If excesses are exponential, a new peak exceeds `u + S ((p / a)^(1 / k) - 1)`
    with probability `a`, where `p = (k + 1) / (B + 1)` is the probability that it exceeds `u`. This holds
    exactly and for any `B`, because it is the predictive distribution of a new excess and not the one with
    the estimated mean. The share of all windows above the threshold is at most that of the blocks.

    The tail is exponential for squared distances of normal residuals. In simulations with 19 blocks of 50
    windows of white, autocorrelated and seasonal noise, 0 to 1.1 % of new windows were above the threshold
    for 1 %. With residuals of Student's t with five degrees of freedom it was up to 1.6 %, and 4.8 % where
    the level drifts for longer than the calibration lasts. With eight blocks it was up to 1.9 % for 0.5 %.
    The greatest score in its place let 1.3 to 12 % pass. A generalised Pareto tail, which estimates one more
    number from the same few blocks, was hardly better than the greatest score, and Gumbel's distribution let
    up to 2.8 % pass, and 7 % with the drift (`benchmarks/series/block_thresholds.py`).

    Args:
        scores: Held-out scores in the order of time, `(rows,)`, float64, at least one.
        block: Number of successive rows that may depend on each other.
        false_alarms: Rate of false alarms, in (0, 1).

    Returns:
        The threshold, at least the greatest score. It is the greatest score if there are fewer than two
        blocks, or if more rows than `false_alarms` cannot be scored.

    Reference: Siffer, Fouque, Termier, Largouet 2017, KDD, for thresholds by the tail of peaks.
    """
    scored = scores[scores < _HIGHEST]
    rate = false_alarms - (len(scores) - len(scored)) / len(scores)
    blocks = len(scored) // block
    if blocks < 2 or rate <= 0:
        return float(scored.max()) if len(scored) else float(_HIGHEST)
    # The newest windows are the most like new ones.
    peaks = np.sort(scored[len(scored) - blocks * block :].reshape(blocks, block).max(axis=1))
    count = math.ceil(blocks / 2)
    count = min(count, blocks - 1)
    begin = float(peaks[blocks - 1 - count])
    excess = float((peaks[blocks - count :] - begin).sum())
    ratio = (count + 1) / (blocks + 1) / rate
    return max(float(scored.max()), begin + excess * (ratio ** (1 / count) - 1))
