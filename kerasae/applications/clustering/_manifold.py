"""Codes on a manifold: UMAP lays the codes out, so that rows of one dense region lie together."""

from typing import Any, Self

import numpy as np
from sklearn.neighbors import KNeighborsRegressor

from kerasae.codec import Codec
from kerasae.extras import import_extra

#: Number of neighbours that a row is connected to (McConville et al. 2019, section 3.2).
_NEIGHBOURS = 20
#: Number of neighbours whose mean position a new row gets.
_PLACED_BY = 5


class OnManifold:
    """Codec whose codes are positions in a UMAP embedding of the codes of another codec.

    UMAP keeps the neighbours of each row and lets go of large distances. Groups that are long or bent in the
    code become compact. A new row is placed among its nearest training codes: at the mean of their positions,
    weighted by the inverse distance. A training row is therefore exactly where UMAP has put it. A position
    cannot be decoded.

    Args:
        codec: Codec whose codes are laid out.
        dimensions: Number of dimensions of the embedding.

    Reference: McInnes, Healy, Melville 2018, arXiv:1802.03426 (UMAP); McConville, Santos-Rodríguez,
    Piechocki, Craddock 2019, arXiv:1908.05968 (clusters in a UMAP embedding of the code).
    """

    codes_: np.ndarray
    positions_: np.ndarray

    def __init__(self, codec: Codec, dimensions: int) -> None:
        self.codec = codec
        self.dimensions = dimensions
        self.preprocessor: Any = codec.preprocessor

    @property
    def latent_dim(self) -> int:
        """Number of dimensions of the embedding."""
        return self.dimensions

    def fit(self, codes: np.ndarray, seed: int) -> Self:
        """Lay codes out.

        Args:
            codes: Codes of the training rows, `(rows, latent_dim)`.
            seed: Seed of the embedding.

        Raises:
            ImportError: If umap-learn is not installed.
            ValueError: If there are too few rows.
        """
        umap = import_extra("umap", "umap", "`manifold`", package="umap-learn")
        if len(codes) <= self.dimensions + 1:
            raise ValueError(
                f"`manifold` must be below the number of training rows less 1, {len(codes) - 1}, received "
                f"{self.dimensions}."
            )
        embedding = umap.UMAP(
            n_components=self.dimensions,
            n_neighbors=min(_NEIGHBOURS, len(codes) - 1),
            min_dist=0.0,
            random_state=seed,
            n_jobs=1,
        )
        return self._set(codes, embedding.fit_transform(codes))

    def _set(self, codes: np.ndarray, positions: np.ndarray) -> Self:
        self.codes_ = np.asarray(codes, "float32")
        self.positions_ = np.asarray(positions, "float32")
        count = min(_PLACED_BY, len(codes))
        self._places = KNeighborsRegressor(count, weights="distance").fit(self.codes_, self.positions_)
        return self

    def place(self, codes: np.ndarray) -> np.ndarray:
        """Return the positions of codes, `(rows, dimensions)`."""
        return np.asarray(self._places.predict(np.asarray(codes, "float32")), "float32")

    def transform(self, raw: Any) -> np.ndarray:
        """Return the positions of raw examples, `(rows, dimensions)`."""
        return self.place(self.codec.transform(raw))

    def inverse_transform(self, codes: Any) -> Any:
        """Raise ValueError, because a position is no code of the model."""
        raise ValueError(
            "Expected the code of an example to decode, received a position on the manifold; cluster the "
            "codes themselves (leave `manifold` out)."
        )

    decode = inverse_transform

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays from which `of_state` makes the same object."""
        return {"codes": self.codes_, "positions": self.positions_}

    @classmethod
    def of_state(cls, codec: Codec, state: dict[str, np.ndarray]) -> Self:
        """Return the fitted codec whose `state` this is."""
        return cls(codec, state["positions"].shape[1])._set(state["codes"], state["positions"])
