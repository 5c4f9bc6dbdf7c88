"""The devices of a training."""

from typing import Any

from kerasae.backend import quiet
from kerasae.cli._streams import note


def open_strategy(name: str) -> Any:
    """Return a strategy of `tf.distribute`, made before TensorFlow runs anything."""
    with quiet():
        from kerasae.training import distribution
    if name == "multi-worker":
        index, count = distribution.cluster()
        note(f"Host {index} of {count}, counted from 0; waiting for all.")
    with quiet(show_failure=False):
        return distribution.strategy(name)
