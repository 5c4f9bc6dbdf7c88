"""PCA as a codec: the baseline of every autoencoder."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from sklearn import decomposition

from kerasae.arguments import check_positive_integer
from kerasae.baselines._base import Baseline
from kerasae.data import Data, Split
from kerasae.kinds import kind_of

#: Largest number of bytes of raw rows that are kept in memory, instead of being read again in each pass.
_HELD = 2**26
#: Largest number of components of rows that are streamed: a basis has as many numbers for each feature.
_MOST_OF_STREAMED = 1024
#: Numbers in a part of the rows of a pass.
_PART = 2**21


class PCA(Baseline):
    """Principal component analysis of `x`, with the interface of a codec.

    It is the best linear code of its size in squared error, in closed form. It is fitted on the training and
    the validation split, because it needs no validation rows to choose an epoch.

    Args:
        latent_dim: Number of components.

    Attributes:
        preprocessor: Preprocessor of the data.
        parameters: Number of stored numbers: components and mean.

    Raises:
        ValueError: If there are fewer features or rows than components.

    Example:
        >>> pca = kerasae.PCA(8).fit(kerasae.load_data("digits"))

    Reference: Baldi and Hornik 1989, *Neural Networks* 2(1), for its kinship with linear
    autoencoders.
    """

    name = "pca"
    title = "PCA"

    def __init__(self, latent_dim: int = 8) -> None:
        check_positive_integer("latent_dim", latent_dim)
        self._pca: Any = decomposition.PCA(latent_dim, random_state=0)
        self._latent_dim = latent_dim
        self.preprocessor: Any = None
        self.parameters: int = 0

    @classmethod
    def fitted(cls, latent_dim: int, data: Data) -> Sequence[Self]:
        if not kind_of(data.spec).is_array:
            return []
        most = _MOST_OF_STREAMED if data.streamed else latent_dim
        return [cls(min(latent_dim, most, data.spec.size, len(data.train))).fit(data)]

    def fit(self, data: Data) -> Self:
        """Fit the components, and return the object.

        Streamed data are read part by part, several times, by a subspace iteration (Halko, Martinsson, Tropp
        2011, algorithm 4.4) that does not hold the rows in memory.
        """
        self._shape = data.spec.shape
        self._points = kind_of(data.spec).points
        rows = len(data.train) + len(data.validation)
        if self._latent_dim > min(rows, data.spec.size):
            raise ValueError(
                f"`latent_dim` of PCA must not exceed {min(rows, data.spec.size)}, the lesser of rows and "
                f"features, received {self._latent_dim}."
            )
        if data.streamed:
            self._pca.mean_, self._pca.components_ = _leading(data, self._latent_dim)
        else:
            # scikit-learn also computes shares of the variance, which is 0 if the rows do not vary.
            with np.errstate(invalid="ignore"):
                self._pca.fit(np.concatenate(list(_flat(data))))
        self.preprocessor = data.preprocessor
        self.parameters = int(self._pca.components_.size + self._pca.mean_.size)
        return self

    @property
    def latent_dim(self) -> int:
        """Code size."""
        return self._latent_dim

    def transform(self, raw: np.ndarray) -> np.ndarray:
        """Encode raw examples, `(batch, ...)`, as codes, `(batch, latent_dim)`."""
        x = raw if self.preprocessor is None else self.preprocessor.to_x(raw)
        codes = (self._points(x) - self._pca.mean_) @ self._pca.components_.T
        return np.asarray(codes, dtype="float32")

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Decode codes, `(batch, latent_dim)`, to reconstructions of `x`, `(batch, ...)`."""
        x = np.asarray(codes) @ self._pca.components_ + self._pca.mean_
        return np.asarray(x, dtype="float32").reshape(-1, *self._shape)

    def inverse_transform(self, codes: np.ndarray) -> np.ndarray:
        """Decode codes to raw examples of the original type."""
        x = self.decode(codes)
        return x if self.preprocessor is None else self.preprocessor.restore(x)

    def count_params(self) -> int:
        """Return the number of stored numbers."""
        return self.parameters


def _flat(data: Data, size: int = 8192) -> Iterator[np.ndarray]:
    points = kind_of(data.spec).points
    for split in ("train", "validation"):
        for x in data.training_parts(split, size):
            yield points(x)


def _held(data: Data, size: int) -> Data:
    """Return data with the raw rows in memory if they are few bytes, so that files are decoded once."""
    rows = len(data.train) + len(data.validation)
    if rows * data.spec.size * np.dtype(data.spec.dtype).itemsize > _HELD:
        return data
    splits: dict[str, Any] = {
        name: Split(np.concatenate([*data.split(name).chunks(size)]))
        for name in ("train", "validation")
        if len(data.split(name))
    }
    return dataclasses.replace(data, **splits)


def _leading(data: Data, count: int, passes: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean, `(features,)`, and leading components, `(count, features)`, of streamed rows."""
    rows = len(data.train) + len(data.validation)
    part_rows = max(1, _PART // data.spec.size)
    data = _held(data, part_rows)
    mean = sum(part.sum(axis=0, dtype="float64") for part in _flat(data, part_rows)) / rows
    mean = np.asarray(mean, "float32")
    size = len(mean)
    # Additional components make the others converge; the last step drops them.
    width = min(count + 10, size)
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((size, width), "float32"))[0]
    for _ in range(passes):
        image = np.zeros((size, width))
        for part in _flat(data, part_rows):
            centred = part - mean
            image += centred.T @ (centred @ basis)
        basis = np.linalg.qr(image)[0].astype("float32")
    scatter = np.zeros((width, width))
    for part in _flat(data, part_rows):
        codes = (part - mean) @ basis
        scatter += codes.T @ codes
    _, rotation = np.linalg.eigh(scatter)
    return mean, np.asarray((basis @ rotation[:, ::-1][:, :count]).T, "float32")
