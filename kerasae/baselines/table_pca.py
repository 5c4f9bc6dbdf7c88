"""PCA of a table as a codec, and the mode or mean of each column."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from kerasae.baselines._base import Baseline
from kerasae.data import Data


class TablePCA(Baseline):
    """PCA of a table as a codec; missing entries are filled with the mean of the column.

    Args:
        latent_dim: Number of components, at most the number of values of an encoded row.
        indicators: Whether categories and booleans are encoded as indicators and decoded as the largest one;
            otherwise they are decoded as their mode.
    """

    def __init__(self, latent_dim: int, *, indicators: bool) -> None:
        self._wanted = latent_dim
        self._indicators = indicators
        self.preprocessor: Any = None

    @property
    def name(self) -> str:
        return "pca-onehot" if self._indicators else "pca"

    @property
    def title(self) -> str:
        return "PCA-onehot" if self._indicators else "PCA"

    @classmethod
    def fitted(cls, latent_dim: int, data: Data) -> Sequence[Self]:
        """Return PCA of the numbers and, if some columns are not numbers, PCA of all columns."""
        if not data.spec.columns:
            return []
        some_codes = any(not column.is_numeric for column in data.spec.features)
        kinds = [False, True] if some_codes else [False]
        return [cls(latent_dim, indicators=indicators).fit(data) for indicators in kinds]

    def fit(self, data: Data) -> Self:
        """Fit means, modes and components, and return the object."""
        self.preprocessor = data.preprocessor
        self._columns = data.spec.features
        self._modes = np.zeros(len(self._columns), "float32")
        counts = [np.zeros(max(column.width, 2)) for column in self._columns]
        sums: Any = 0.0
        rows: Any = 0
        for x in _parts(data):
            for i, column in enumerate(self._columns):
                if not column.is_numeric:
                    present = x[~np.isnan(x[:, i]), i].astype(int)
                    counts[i] += np.bincount(present, minlength=len(counts[i]))
            wide = self._widen(x)
            present = ~np.isnan(wide)
            sums = sums + np.where(present, wide, 0).sum(axis=0, dtype="float64")
            rows = rows + present.sum(axis=0)
        self._modes = np.array([count.argmax() for count in counts], "float32")
        self._mean = np.asarray(sums / np.maximum(rows, 1), "float64")
        size = len(self._mean)
        self._pca: Any = None
        if size:
            count = len(data.train) + len(data.validation)
            vectors = self._of_few_rows(data) if count < size else self._of_many_rows(data, count)
            self._pca = vectors[:, : self._wanted]
            self._latent = self._pca.shape[1]
        return self

    def _of_many_rows(self, data: Data, count: int) -> np.ndarray:
        """Return the components, the largest first, `(numbers, numbers)`, from one pass over many rows."""
        scatter = np.zeros((len(self._mean), len(self._mean)))
        for x in _parts(data):
            centred = self._centred(x)
            scatter += centred.T @ centred
        _, vectors = np.linalg.eigh(scatter / count)
        return vectors[:, ::-1]

    def _of_few_rows(self, data: Data) -> np.ndarray:
        """Return the components, the largest first, `(numbers, components)`, for fewer rows than columns."""
        centred = np.concatenate([self._centred(x) for x in _parts(data)])
        _, rows = np.linalg.eigh(centred @ centred.T)
        # The smallest components have lost their unit length to rounding.
        return np.linalg.qr(centred.T @ rows[:, ::-1][:, : self._wanted])[0]

    def _widen(self, x: np.ndarray) -> np.ndarray:
        """Return numbers, and indicators if they are used, with NaN for missing entries."""
        parts = [np.empty((len(x), 0))]
        for i, column in enumerate(self._columns):
            if column.is_numeric:
                parts.append(x[:, i : i + 1])
            elif self._indicators:
                codes = np.arange(1, column.width) if column.kind == "category" else np.array([1])
                one = np.where(np.isnan(x[:, i : i + 1]), np.nan, x[:, i : i + 1] == codes)
                parts.append(one)
        return np.concatenate(parts, axis=1)

    def _centred(self, x: np.ndarray) -> np.ndarray:
        return np.nan_to_num(self._widen(x) - self._mean, nan=0.0)

    @property
    def latent_dim(self) -> int:
        """Code size."""
        return 1 if self._pca is None else self._latent

    def transform(self, raw: Any) -> np.ndarray:
        """Encode rows as codes, `(rows, latent_dim)`."""
        x = self.preprocessor.to_x(raw)
        if self._pca is None:
            return np.zeros((len(x), 1), "float32")
        return np.asarray(self._centred(x) @ self._pca, "float32")

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Decode codes to reconstructions of `x`, `(rows, columns)`."""
        x = np.tile(self._modes, (len(codes), 1))
        if self._pca is None:
            return x
        wide = np.asarray(codes) @ self._pca.T + self._mean
        position = 0
        for i, column in enumerate(self._columns):
            if column.is_numeric:
                x[:, i] = wide[:, position]
                position += 1
            elif self._indicators and column.kind == "boolean":
                x[:, i] = wide[:, position] > 0.5
                position += 1
            elif self._indicators:
                known = column.width - 1
                x[:, i] = wide[:, position : position + known].argmax(axis=1) + 1
                position += known
        return x

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Decode codes to a DataFrame with the same columns and types."""
        return self.preprocessor.restore(self.decode(codes))

    def count_params(self) -> int:
        """Return the number of stored numbers."""
        return len(self._modes) + len(self._mean) + (0 if self._pca is None else self._pca.size)


def _parts(data: Data) -> Iterator[np.ndarray]:
    for split in ("train", "validation"):
        yield from data.training_parts(split)
