"""Prototypes, chosen among the training rows by their codes."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from kerasae.applications.prototypes._choice import farthest_first

from kerasae.applications import Application, Finding
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.metrics import Metric, codes_of


class Prototypes(Application):
    """A few training rows that stand for all others.

    Writes `prototypes.csv` with the number of each prototype among the training rows.

    Args:
        codec: Codec whose codes are compared.
        count: Number of prototypes. Defaults to 5.

    Raises:
        ValueError: If `count` is not positive.
    """

    compares_codes = True

    def __init__(self, codec: Codec, *, count: int = 5) -> None:
        super().__init__(codec)
        if count < 1:
            raise ValueError(f"`count` must be positive, received {count}.")
        self.count = count

    def fit(self, data: Data) -> Self:
        """Choose the prototypes among the training rows."""
        self.spec_ = data.spec
        codes = codes_of(self.codec, data, "train")
        self.rows_ = farthest_first(codes, self.count)
        self.codes_ = codes[self.rows_]
        return self

    def predict(self, raw: Any) -> np.ndarray:
        """Number of the nearest prototype of each example, `(rows,)`."""
        return self._distances(raw).argmin(axis=1)

    def _distances(self, raw: Any) -> np.ndarray:
        codes = self.codec.transform(raw)
        return np.sqrt(np.square(codes[:, None] - self.codes_[None]).sum(axis=-1))

    def report(self, data: Data, out: Path | None) -> Finding:
        if out is not None:
            pd.DataFrame({"row": self.rows_}).to_csv(out / "prototypes.csv", index=False)
        nearest = [self._distances(raw).min(axis=1) for raw in data.test.chunks()]
        distance = float(np.concatenate(nearest).mean())
        return Finding(
            [
                Metric("prototypes", "prototypes", len(self.rows_)),
                Metric("distance", "distance", distance, lower=True),
            ],
            decisive="distance",
        )

    def state(self) -> dict[str, Any]:
        return {"rows": self.rows_, "codes": self.codes_}

    def set_state(self, state: dict[str, Any]) -> None:
        self.rows_, self.codes_ = state["rows"], state["codes"]
