"""A short training, for a first look."""

from typing import Any

from kerasae.spec import Spec


def brief(spec: Spec) -> dict[str, Any]:
    """Ten epochs with a code of four numbers.

    Args:
        spec: Spec of the examples.
    """
    return {"train.epochs": 10, "network.latent_dim": 4}
