"""Points around rings, made by a seed."""

import numpy as np

from kerasae.data import Data, make_data
from kerasae.spec import Spec


def rings(
    *, rows: int = 600, validation: float = 0.1, calibration: float = 0.1, test: float = 0.2, seed: int = 0
) -> Data:
    """Vectors of six numbers that lie around two rings, which are the labels.

    Args:
        rows: Number of rows. Defaults to 600.
        validation: Share of the rows left by the test split. Defaults to 0.1.
        calibration: Share of the rows left by the test split. Defaults to 0.1.
        test: Share of all rows. Defaults to 0.2.
        seed: Seed of the rows and of the splits. Defaults to 0.
    """
    rng = np.random.default_rng(seed)
    angle, ring = rng.uniform(0, 2 * np.pi, rows), rng.integers(0, 2, rows)
    plane = (1.0 + ring)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = plane @ rng.normal(size=(2, 6)) + 0.05 * rng.normal(size=(rows, 6))
    return make_data(
        "rings",
        Spec("vector", (6,)),
        points.astype("float32"),
        ring,
        validation=validation,
        calibration=calibration,
        test=test,
        seed=seed,
    )
