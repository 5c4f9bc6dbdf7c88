"""Pooled evidence: what an event tells when many rules look at each row."""

import numpy as np

#: Share of the rows from which on an event is usual: the default level of thresholds.
_USUAL = 0.05


class Pool:
    """Rules of one kind, such as the ends of all columns, and the training rows that break them.

    A rule that one of 3,000 rows breaks tells 8 nats. Of a hundred such rules a normal row breaks one with a
    probability of a thirtieth, which is 3.4 nats. So an event counts with the share of the rows that show it
    or a rarer event of the same kind. Each training row counts as if it were new: a rule is learned from the
    others.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._nats: list[np.ndarray] = []
        self._counts: list[np.ndarray] = []

    def see(self, nats: np.ndarray | float, counts: np.ndarray | float) -> None:
        """Note training rows that show an event, as if they were new.

        Args:
            nats: Evidence of each event by its own rule.
            counts: Number of training rows that show it.
        """
        values, numbers = np.broadcast_arrays(nats, counts)
        self._nats.append(values.ravel())
        self._counts.append(numbers.ravel())

    def nats(self, alone: np.ndarray | float) -> np.ndarray:
        """Return the evidence of events, of the same shape, from that by their own rules.

        It is `-log(p) max(0, 1 - p / 0.05)`, where `p` is the share of the rows that show an event with at
        least as many nats. It is 0 where `alone` is 0.

        Args:
            alone: Evidence of each event by its own rule.
        """
        alone = np.asarray(alone, "float64")
        seen, counts = np.concatenate([[], *self._nats]), np.concatenate([[], *self._counts])
        order = np.argsort(seen, kind="stable")
        # Number of rows from each event on, with the strongest last; rounding must not part equal ones.
        above = np.append(np.cumsum(counts[order][::-1])[::-1], 0.0)
        rows = above[np.searchsorted(seen[order], alone - 1e-6)]
        shares = (rows + 0.5) / (self.rows + 1.0)
        strength = -np.log(shares) * np.maximum(1.0 - shares / _USUAL, 0.0)
        return np.where(alone > 0, strength, 0.0)
