"""Detectors on windows of a series: Sub-PCA, k nearest windows, and an Isolation Forest on windows.

Each takes the readings, the length of the window, and the number of first rows on which it is fitted. It
returns a score for each row. The score of a window stands at its centre; the ends repeat the first and the
last, as in TSB-AD.

Reference: Liu and Paparrizos 2024, *The Elephant in the Room: Towards a Reliable Time-Series Anomaly
Detection Benchmark*, NeurIPS.
"""

import numpy as np
from scipy.signal import argrelextrema
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

#: Lags among which TSB-AD looks for the period, and the period where it finds none.
_FIRST, _LAST, _FALLBACK = 3, 400, 125
#: A longer period counts as none.
_LONGEST = 300
#: Windows of the smoothed detectors are one period long, but no shorter and no longer than this.
_SHORTEST_SEASON, _LONGEST_SEASON = 64, 128


def period(values: np.ndarray) -> int:
    """Return the lag of the greatest local maximum of the autocorrelation, as TSB-AD defines it.

    Args:
        values: Readings of one channel, `(rows,)`.
    """
    centred = values[:20_000] - values[:20_000].mean()
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    correlation = np.fft.irfft(spectrum * np.conj(spectrum))[_FIRST : _LAST + 1]
    tops = argrelextrema(correlation, np.greater)[0]
    if not len(tops):
        return _FALLBACK
    best = tops[np.argmax(correlation[tops])]
    return int(best) + _FIRST if _FIRST <= best <= _LONGEST else _FALLBACK


def sub_pca(readings: np.ndarray, window: int, fitted_on: int) -> np.ndarray:
    """Return the scores of TSB-AD's Sub-PCA.

    The score is the sum of the distances of the standardised window to all unit eigenvectors, each divided by
    its share of the variance.
    """
    windows = cut(readings, window)
    scaler = StandardScaler().fit(windows[: fitted_on - window + 1])
    x = scaler.transform(windows)
    pca = PCA(random_state=0).fit(x[: fitted_on - window + 1])
    shares = np.maximum(pca.explained_variance_ratio_, np.finfo("float64").tiny)
    return centred_scores((cdist(x, pca.components_) / shares).sum(axis=1), window)


def nearest_windows(readings: np.ndarray, window: int, fitted_on: int, neighbours: int = 5) -> np.ndarray:
    """Return the mean distance of a window to its nearest fitted windows, the window itself excluded."""
    windows = cut(readings, window).astype("float32")
    fitted = windows[: fitted_on - window + 1]
    search = NearestNeighbors(n_neighbors=neighbours + 1, algorithm="brute").fit(fitted)
    distances, places = search.kneighbors(windows)
    itself = places == np.arange(len(windows))[:, None]
    # A window that was not fitted leaves out its farthest neighbour instead.
    itself[~itself.any(axis=1), -1] = True
    distances[itself] = 0
    return centred_scores(distances.sum(axis=1) / neighbours, window)


def smoothed_nearest_windows(readings: np.ndarray, window: int, fitted_on: int) -> np.ndarray:
    """Return the moving mean of the scores of the 5 nearest windows, which are one `season` long."""
    length = season(window, fitted_on)
    return smoothed(nearest_windows(readings, length, fitted_on), length)


def nearest_shapes(readings: np.ndarray, window: int, fitted_on: int) -> np.ndarray:
    """Return the scores of TSB-AD's Sub-KNN: 50 neighbours of windows with mean 0 and deviation 1."""
    windows = cut(readings, window)
    deviations = windows.std(axis=1, ddof=1, keepdims=True)
    flat = deviations < 1e-12
    shapes = (windows - windows.mean(axis=1, keepdims=True)) / np.where(flat, 1.0, deviations)
    search = NearestNeighbors(n_neighbors=51, algorithm="brute")
    search.fit(shapes[: fitted_on - window + 1].astype("float32"))
    distances = search.kneighbors(shapes.astype("float32"))[0]
    return centred_scores(distances[:, 1:].mean(axis=1), window)


def window_forest(readings: np.ndarray, window: int, fitted_on: int) -> np.ndarray:
    """Return the scores of an Isolation Forest of 150 trees on windows, as TSB-AD's Sub-IForest."""
    windows = cut(readings, window)
    forest = IsolationForest(n_estimators=150, random_state=0).fit(windows[: fitted_on - window + 1])
    return centred_scores(-forest.score_samples(windows), window)


def moving_z_score(readings: np.ndarray, window: int, fitted_on: int) -> np.ndarray:
    """Return how far the mean of a window is from that of all fitted rows, in their deviations."""
    means = cut(readings, window).reshape(-1, readings.shape[1], window).mean(axis=2)
    deviations = readings[:fitted_on].std(axis=0)
    scaled = (means - readings[:fitted_on].mean(axis=0)) / np.where(deviations > 0, deviations, 1.0)
    return centred_scores(np.abs(scaled).max(axis=1), window)


def cut(readings: np.ndarray, window: int) -> np.ndarray:
    """Return all windows, `(rows - window + 1, channels * window)`."""
    views = np.lib.stride_tricks.sliding_window_view(readings, window, axis=0)
    return views.reshape(len(readings) - window + 1, -1)


def centred_scores(scores: np.ndarray, window: int) -> np.ndarray:
    """Return a score for each row, that of the window around it."""
    before = window // 2
    return np.pad(scores, (before, window - 1 - before), mode="edge")


def season(window: int, fitted_on: int) -> int:
    """Return the window clipped to [64, 128] rows, and to a sixth of the fitted rows."""
    return min(max(window, _SHORTEST_SEASON), _LONGEST_SEASON, fitted_on // 6)


def smoothed(scores: np.ndarray, window: int) -> np.ndarray:
    """Return the centred moving mean of the scores over a window."""
    return np.convolve(centred_scores(scores, window), np.ones(window) / window, "valid")
