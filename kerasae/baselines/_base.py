"""Baseline: a codec with which models of the same code size are compared."""

from collections.abc import Sequence
from typing import Any, Self

from kerasae import registry
from kerasae.codec import Codec
from kerasae.data import Data


class Baseline(Codec):
    """Codec that needs no training by gradients, with which models of the same code size are compared.

    This class is abstract. A subclass is one file of this room. It says itself which examples it suits, and
    then stands in every comparison, search and application beside the model. What detects anomalies without
    a code is a `DetectingBaseline`, and what fills gaps without one a `FillingBaseline`.
    """

    preprocessor: Any = None

    @property
    def name(self) -> str:
        """Name in tables and in JSON files."""
        raise NotImplementedError(f"{type(self).__name__} must have a `name`.")

    @property
    def title(self) -> str:
        """Name in sentences."""
        return self.name

    @classmethod
    def fitted(cls, latent_dim: int, data: Data) -> Sequence[Self]:
        """Return fitted baselines of a code size; none if they do not suit the examples.

        Args:
            latent_dim: Code size, which a baseline may have to reduce to what the data allow.
            data: Data with the training and the validation split on which they are fitted.
        """
        raise NotImplementedError(f"{cls.__name__} must write `fitted`.")


def fit_baselines(latent_dim: int, data: Data) -> dict[str, Baseline]:
    """Fit all codecs of the room that suit the data.

    Args:
        latent_dim: Code size.
        data: Data with the training and the validation split on which they are fitted.

    Returns:
        The fitted baselines by name.
    """
    members: Any = registry.members("baseline").values()
    codecs = [member for member in members if issubclass(member, Baseline)]
    return {baseline.name: baseline for member in codecs for baseline in member.fitted(latent_dim, data)}
