"""default_window: the number of steps of a window that a log suggests."""

import numpy as np
from scipy.signal import find_peaks

#: Steps of a window without a period, and the fewest and the most steps of any window by default.
_USUAL, _LEAST, _MOST = 64, 8, 512
#: Smallest autocorrelation at a period that counts.
_CLEAR = 0.3
#: Number of rows that are looked at.
_ROWS = 50_000


def strongest_period(readings: np.ndarray) -> int | None:
    """Return the strongest period of a stretch of readings, in steps, or `None`.

    It is the lag at the highest peak of the autocorrelation, averaged over the channels that vary. A slow
    trend is taken away first, and missing readings count as the mean.

    Args:
        readings: Readings of one stretch, `(rows, channels)`.
    """
    rows = len(readings)
    varying = [column for column in readings.T.astype("float64") if np.nanstd(column) > 0]
    if rows < 4 * _LEAST or not varying:
        return None
    lags = rows // 3
    total = np.zeros(lags)
    for column in varying:
        filled = np.nan_to_num(column - np.nanmean(column))
        line = np.polynomial.Polynomial.fit(np.arange(rows), filled, 1)(np.arange(rows))
        spectrum = np.abs(np.fft.rfft(filled - line, 2 * rows)) ** 2
        covariance = np.fft.irfft(spectrum)[:lags]
        # The number of terms falls with the lag.
        unbiased = covariance / (rows - np.arange(lags))
        total += unbiased / unbiased[0]
    mean = total / len(varying)
    # The first lags are high in any slow series; a period comes after the first dip.
    dip = int(np.argmax(mean < 0)) if (mean < 0).any() else lags
    peaks, _ = find_peaks(mean[dip:], height=_CLEAR)
    if not len(peaks):
        return None
    heights = mean[dip:][peaks]
    # Multiples of a period have peaks of nearly the same height; the first of them is the period.
    first = peaks[heights >= 0.9 * heights.max()][0]
    return int(first + dip)


def default_window(readings: np.ndarray) -> tuple[int, int | None]:
    """Return the number of steps of a window, and the period that it is taken from or `None`.

    A window holds one period, at least 8 and at most 512 steps, and at most an eighth of the rows. Without a
    clear period it has 64 steps.

    Args:
        readings: Readings of the longest stretch to train on, `(rows, channels)`.
    """
    period = strongest_period(readings[:_ROWS])
    wanted = _USUAL if period is None else period
    return int(np.clip(wanted, _LEAST, max(min(_MOST, len(readings) // 8), _LEAST))), period
