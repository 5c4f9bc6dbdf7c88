"""Sampler: codes from a distribution, and raw examples for codes."""

from typing import Any, Self

import numpy as np

from kerasae.applications.generation._mixture import CodeMixture
from kerasae.applications.generation._rows import MadeRows
from kerasae.codec import Codec, HasLikelihood

#: Number of samples whose ranks decide which value of a training row a number becomes.
_REFERENCE = 4000


class Sampler:
    """New codes, drawn from the prior N(0, I) or from a mixture, and new raw examples for codes.

    Args:
        codec: Codec that decodes.
        rows: Rows of a table for codes. Defaults to `None`, for other examples.
    """

    def __init__(self, codec: Codec, rows: MadeRows | None = None) -> None:
        self._codec, self._rows = codec, rows
        self._mixture: CodeMixture | None = None

    def draw_from(self, mixture: CodeMixture | None, seed: int) -> None:
        """Draw from a mixture from now on, or, for `None`, from the prior.

        Args:
            mixture: Mixture fitted on codes.
            seed: Seed of the samples that define the values of a table.
        """
        self._mixture = mixture
        if self._rows is not None:
            self._rows.fit(self._codes(_REFERENCE, seed + 3), seed + 3)

    @property
    def name(self) -> str:
        """Distribution of the codes, in words."""
        return "prior" if self._mixture is None else f"mixture of {self._mixture.components}"

    @property
    def principal_components(self) -> int:
        """Number of principal components of the codes to which the mixture is fitted; 0 if to all numbers."""
        return 0 if self._mixture is None else self._mixture.principal_components

    def sample(self, n: int, seed: int) -> Any:
        """Draw new raw examples, `(n, ...)`."""
        if self._mixture is None and self._rows is None:
            return self._codec.sample(n, seed)  # type: ignore[attr-defined]
        return self.realise(self._codes(n, seed), seed)

    def _codes(self, n: int, seed: int) -> np.ndarray:
        if self._mixture is not None:
            return self._mixture.sample(n, seed)
        return np.random.default_rng(seed).normal(size=(n, self._codec.latent_dim)).astype("float32")

    def realise(self, codes: np.ndarray, seed: int) -> Any:
        """Return new raw examples for codes; rows of measurements are drawn from the likelihood."""
        if self._rows is not None:
            return self._rows.frame(codes, seed)
        if isinstance(self._codec, HasLikelihood):
            return self._codec.realise(codes, seed)
        return self._codec.inverse_transform(codes)

    def state(self) -> dict[str, Any]:
        """Return the mixture and the rows of a table, each `None` if there is none."""
        return {
            "mixture": None if self._mixture is None else self._mixture.state(),
            "rows": None if self._rows is None else self._rows.state(),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any], codec: Codec) -> Self:
        """Return the sampler whose `state` this is."""
        mixture, rows = state["mixture"], state["rows"]
        sampler = cls(codec, None if rows is None else MadeRows.of_state(rows, codec))
        sampler._mixture = None if mixture is None else CodeMixture.of_state(mixture)
        return sampler
