"""FillingBaseline: a way to fill missing entries with which the fillings of models are compared."""

import numpy as np

from kerasae.baselines._codeless import CodelessBaseline


class FillingBaseline(CodelessBaseline):
    """Way to fill missing entries. In the rows of `fit`, NaN stands for a missing entry.

    This class is abstract.
    """

    most_rows = 5_000

    def fill(self, x: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """Return rows without gaps, `(rows, cells)`; present entries do not change.

        Args:
            x: Rows, `(rows, cells)`, with any number where `missing` is true.
            missing: Whether an entry is missing, `(rows, cells)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `fill`.")
