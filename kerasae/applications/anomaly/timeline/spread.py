"""ChannelSpread: how far the readings of each channel lie from what the model makes of them."""

from collections.abc import Mapping

import numpy as np

from kerasae.spec import Spec


class ChannelSpread:
    """Spread of the residual of the last reading of each channel: the root of its mean square.

    Args:
        spec: Description of the examples. Those that are no windows have no channels.
    """

    def __init__(self, spec: Spec) -> None:
        self._size, self._channels = spec.size, len(spec.channels)
        self._squares = np.zeros(self._channels)
        self._count = np.zeros(self._channels)

    def seen(self, account: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Take the residuals of an account in, and return the account."""
        if self._channels:
            residual = last_residuals(account, self._size, self._channels)
            known = np.isfinite(residual)
            self._squares += np.square(np.where(known, residual, 0.0)).sum(axis=0)
            self._count += known.sum(axis=0)
        return account

    @property
    def value(self) -> np.ndarray:
        """Spread of each channel, `(channels,)`, in `x`; 0 for a channel without a reading."""
        return np.asarray(np.sqrt(self._squares / np.maximum(self._count, 1)))


def last_residuals(account: Mapping[str, np.ndarray], size: int, channels: int) -> np.ndarray:
    """Return the residual of the last reading of each channel, `(rows, channels)`; NaN for a missing one.

    Args:
        account: Account of windows.
        size: Number of readings of a window.
        channels: Number of channels.
    """
    residual = np.asarray(account["residual"][:, size - channels :], "float64")
    if "missing" in account:
        residual = np.where(account["missing"][:, size - channels :] > 0, np.nan, residual)
    return residual
