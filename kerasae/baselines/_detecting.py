"""DetectingBaseline: a way to detect anomalies with which detectors of models are compared."""

import numpy as np

from kerasae.baselines._codeless import CodelessBaseline


class DetectingBaseline(CodelessBaseline):
    """Way to detect anomalies that reconstructs nothing: it is fitted on normal examples and gives scores.

    This class is abstract.
    """

    most_rows = 20_000

    def score_samples(self, x: np.ndarray) -> np.ndarray:
        """Return the score of each example, `(rows,)`; higher is more abnormal.

        Args:
            x: Examples, `(rows, ...)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `score_samples`.")
