"""Checks of the arguments of a clustering that depend on each other."""

from kerasae.applications._pooled import Pooled
from kerasae.applications.clustering._methods import METHODS
from kerasae.codec import Codec
from kerasae.models import Autoencoder


def check_counts_to_try(method: str, least: int, greatest: int) -> None:
    """Raise ValueError unless the numbers of clusters to try are in order, and the method can judge them."""
    if not METHODS[method].fewest <= least <= greatest:
        raise ValueError(
            f"`least` must be at least {METHODS[method].fewest} and at most `greatest`, received {least} "
            f"and {greatest}."
        )


def check_refinement(codec: Codec, compared: Codec, manifold: int | None) -> None:
    """Raise ValueError unless a codec can be refined.

    Args:
        codec: Codec that is to be refined.
        compared: Codec whose codes are clustered: `codec`, or its pooled codes.
        manifold: Number of dimensions of the manifold; `None` without one.
    """
    if not isinstance(codec, Autoencoder):
        raise ValueError(
            "`refine` must be False for a codec that is not an autoencoder of this library, received "
            f"{type(codec).__name__}."
        )
    if isinstance(compared, Pooled):
        raise ValueError(
            "`refine` must be False for pooled codes, whose centres are no codes of the model, received "
            "True; add --pool whole to cluster maps place by place."
        )
    if manifold is not None:
        raise ValueError(
            "`refine` must be False for clusters on a manifold, whose centres are no codes of the model, "
            "received True; leave `manifold` out."
        )
