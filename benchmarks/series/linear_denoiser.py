"""Reference in NumPy: the linear denoising autoencoder in closed form, cross-fitted in time.

It is no kerasae model. It says what a score of sensor logs should reach, and other scores are tested against
it. It needs normal readings only, and no label. In this order:

1. Each channel is standardised. Every window replaces its own mean by `level weight * mean`. The level weight
   is 1 where a channel keeps its level and smaller where the level wanders (`level_weights`).
2. A linear denoising autoencoder reconstructs the window. Its residual has a closed form (`Denoiser`).
3. A window has two features for each channel: the mean of the residual, and half the log of its variance.
   Long logs add the log distance to the nearest prototypes (`Features`).
4. Mean and spread of the features come from cross-fitting: the log is divided into contiguous blocks, and a
   model that saw no row of a block gives the features of that block (`held_out`). Only the channels' scales
   and level weights, and the floor of the variance, come from the whole log. Later windows weigh more. The
   spread grows with the variogram, since a wandering feature goes on to wander.
5. The score is the greatest standardised deviation, divided by the normal quantile with Bonferroni's
   correction. The threshold is 1, or the greatest cross-fitted score if that is higher.

References: Vincent et al. 2010, *JMLR* 11 (denoising); Pretorius et al. 2018, *ICML* (the linear case);
Chernozhukov et al. 2018, *Econometrics Journal* 21(1) (cross-fitting).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from sklearn.cluster import MiniBatchKMeans
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from .stretches import centred_scores, cut, season, smoothed
from .variogram import growth, level_weights

#: Standard deviation of the noise, in standard deviations of a channel.
NOISE = 1.4
#: Blocks of the cross-fitting. There are fewer if a block would be shorter than two windows.
BLOCKS = 10
#: Probability of a false alarm for one window of independent normal features.
LEVEL = 1e-3
#: An alarm ends where the score falls below this share of the threshold.
RELEASE = 0.5
#: Prototypes, how many of them count, and the windows' lengths that a log needs for them.
PROTOTYPES, NEAREST, LONG = 256, 3, 50


class Denoiser:
    """Residual of the linear denoising autoencoder that is best for its windows.

    The affine map `g` minimises `mean |x - g(x + NOISE * n)|²` over the windows `x` and the noise `n`, which
    has mean 0 and covariance `I`. With the mean `mu` and the covariance `C` of the windows, its residual is
    `x - g(x) = NOISE² (C + NOISE² I)^-1 (x - mu)`.

    Args:
        windows: Windows to fit, `(windows, size)`.
    """

    def __init__(self, windows: np.ndarray):
        self.mean = windows.mean(axis=0)
        covariance = np.cov(windows.T, bias=True).reshape(len(self.mean), -1)
        self.map = NOISE**2 * np.linalg.inv(covariance + NOISE**2 * np.eye(len(covariance)))

    def residuals(self, windows: np.ndarray) -> np.ndarray:
        """Return `x - g(x)`, `(windows, size)`."""
        return (windows - self.mean) @ self.map


class Features:
    """Features of a window by a model that is fitted on other windows.

    Args:
        windows: Windows to fit, `(windows, channels * window)`, channel by channel.
        channels: Number of channels.
        floor: Added to a residual's variance before the log.
        prototypes: Whether to add the distance to the prototypes.
    """

    def __init__(self, windows: np.ndarray, channels: int, floor: float, prototypes: bool):
        self.channels, self.floor = channels, floor
        self.denoiser = Denoiser(windows)
        self.search = None
        if prototypes:
            if len(windows) > PROTOTYPES:
                clusters = MiniBatchKMeans(PROTOTYPES, random_state=0, n_init=1, max_iter=20)
                # More threads are slower for problems of this size, by far where cores are shared.
                with threadpool_limits(1):
                    windows = clusters.fit(windows).cluster_centers_
            self.search = NearestNeighbors(n_neighbors=min(NEAREST, len(windows))).fit(windows)

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        """Return all means, then all half log variances, then the log distance, `(windows, features)`."""
        residuals = self.denoiser.residuals(windows).reshape(len(windows), self.channels, -1)
        features = [residuals.mean(axis=2), 0.5 * np.log(residuals.var(axis=2) + self.floor)]
        if self.search is not None:
            distances = self.search.kneighbors(windows)[0].mean(axis=1) / np.sqrt(windows.shape[1])
            # 0.05 standard deviations keep the log of a repeated window finite.
            features.append(np.log(distances + 0.05)[:, None])
        return np.hstack(features)


@dataclass(frozen=True)
class LinearDenoiser:
    """The detector. Create it by `LinearDenoiser.fit`.

    Attributes:
        window: Rows of a window.
        centre, deviation: Mean and standard deviation of the channels.
        weights: Level weights of the channels, in (0, 1].
        features: Features by the model that is fitted on the whole log.
        expected, spread: Centre of a feature, and the deviation that makes a score of 1.
        threshold: Scores above it begin an alarm.
    """

    window: int
    centre: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    features: Features
    expected: np.ndarray
    spread: np.ndarray
    threshold: float

    @classmethod
    def fit(cls, readings: np.ndarray, window: int = 20, prototypes: bool | None = None) -> "LinearDenoiser":
        """Fit the detector.

        Args:
            readings: Normal readings in the order of time, `(rows, channels)`; at least four windows of rows.
            window: Rows of a window. Defaults to 20, which suits short logs without a season.
            prototypes: Whether to add the distance to the prototypes. Defaults to logs of at least
                `LONG` windows.

        Raises:
            ValueError: If there are fewer than `4 * window` rows.
        """
        rows, channels = readings.shape
        if rows < 4 * window:
            raise ValueError(
                f"Expected at least four windows of {window} rows, received {rows} rows; pass a longer log."
            )
        centre = readings.mean(axis=0)
        # A channel that never moved raises an alarm when it moves.
        deviation = np.maximum(readings.std(axis=0), 1e-9)
        standardised = (readings - centre) / deviation
        weights = level_weights(standardised, window)
        windows = _weighted_windows(standardised, window, weights)
        floor = 0.01 * float(np.median(np.square(Denoiser(windows).residuals(windows)))) + 1e-12
        prototypes = rows >= LONG * window if prototypes is None else prototypes
        crossed = [
            Features(windows[fitted], channels, floor, prototypes)(windows[held])
            for held, fitted in held_out(rows, window)
        ]
        expected, spread = _centre_and_spread(np.vstack(crossed), window)
        features = Features(windows, channels, floor, prototypes)
        detector = cls(window, centre, deviation, weights, features, expected, spread, threshold=1.0)
        return replace(detector, threshold=max(1.0, detector._deviations(np.vstack(crossed)).max()))

    def contributions(self, readings: np.ndarray) -> np.ndarray:
        """Return how far each channel of each window is off, `(rows - window + 1, channels)`."""
        channels = len(self.centre)
        deviations = self._deviations(self._features_of(readings))
        return np.maximum(deviations[:, :channels], deviations[:, channels : 2 * channels])

    def scores(self, readings: np.ndarray) -> np.ndarray:
        """Return the scores of all windows, `(rows - window + 1,)`; a higher one is more abnormal."""
        return self._deviations(self._features_of(readings)).max(axis=1)

    def alarms(self, scores: np.ndarray) -> np.ndarray:
        """Return whether each score belongs to an alarm.

        An alarm begins above the threshold and ends below `RELEASE` times the threshold.
        """
        on = False
        alarms = np.zeros(len(scores), bool)
        for place, score in enumerate(scores / self.threshold):
            on = score > 1 or (on and score > RELEASE)
            alarms[place] = on
        return alarms

    def _features_of(self, readings: np.ndarray) -> np.ndarray:
        standardised = (readings - self.centre) / self.deviation
        return self.features(_weighted_windows(standardised, self.window, self.weights))

    def _deviations(self, features: np.ndarray) -> np.ndarray:
        deviations = (features - self.expected) / self.spread
        both_sides = 2 * len(self.centre)
        # A window nearer to the prototypes than usual is no fault.
        return np.hstack([np.abs(deviations[:, :both_sides]), np.maximum(deviations[:, both_sides:], 0)])


def held_out(rows: int, window: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Return the windows of each block, and the windows that share no row with them.

    Window `i` holds the rows from `i` to `i + window - 1`. It belongs to the block in which it ends.
    """
    blocks = min(BLOCKS, max(2, rows // (2 * window)))
    places = np.arange(rows - window + 1)
    ends = np.linspace(0, rows, blocks + 1).astype(int) - window + 1
    for begin, end in zip(np.maximum(ends[:-1], 0), ends[1:], strict=True):
        yield slice(begin, end), (places <= begin - window) | (places >= end + window - 1)


def _weighted_windows(standardised: np.ndarray, window: int, weights: np.ndarray) -> np.ndarray:
    windows = cut(standardised, window).reshape(-1, len(weights), window)
    means = windows.mean(axis=2, keepdims=True)
    return (windows - (1 - weights[:, None]) * means).reshape(len(windows), -1)


def _centre_and_spread(features: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    age = np.linspace(0, 1, len(features))[:, None]
    age /= age.sum()
    centre = (age * features).sum(axis=0)
    variance = (age * np.square(features - centre)).sum(axis=0)
    # Windows that do not overlap count as independent.
    count = len(features) / window
    variance *= count / (count - 1) * (1 + 1 / count)
    variance *= growth(features, window)
    quantile = stats.norm.isf(LEVEL / 2 / features.shape[1])
    return centre, quantile * (np.sqrt(variance) + 1e-6)


def row_alarms(train: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the alarms of the rows, each by the window that it ends; the training rows have none."""
    detector = LinearDenoiser.fit(train)
    after = detector.scores(rows[len(train) - detector.window + 1 :])
    return np.concatenate([np.zeros(len(train), bool), detector.alarms(after)])


def smoothed_scores(
    readings: np.ndarray, window: int, fitted_on: int, prototypes: bool = False
) -> np.ndarray:
    """Return the score of each row: the mean, over one window, of the scores of the windows around it."""
    length = season(window, fitted_on)
    scores = LinearDenoiser.fit(readings[:fitted_on], length, prototypes).scores(readings)
    return smoothed(centred_scores(scores, length), length)


def smoothed_scores_with_prototypes(readings: np.ndarray, window: int, fitted_on: int) -> np.ndarray:
    """Return the scores with the distance to the prototypes among the features, however short the log."""
    return smoothed_scores(readings, window, fitted_on, prototypes=True)
