"""Errors that end a training, with a sentence on how to go on."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from kerasae.recipe import Recipe


def raise_again(error: Exception, sentence: str) -> None:
    """Raise an error of a known type again, with one more sentence; do nothing for any other type."""
    for kind in (OSError, FloatingPointError, MemoryError, ValueError):
        if isinstance(error, kind):
            raise kind(f"{error!s:.500} {sentence}") from error


def how_to_go_on(error: Exception, recipe: Recipe, folder: Path) -> str:
    """Return a sentence on how to continue a training that ended with an error and has a checkpoint."""
    again = f"kerasae train --resume --out {folder}"
    if isinstance(error, FloatingPointError):
        rate = recipe.complete().train["learning_rate"] / 10
        return (
            "The checkpoint before that is kept: with the same settings a resumed training ends here again; "
            f"`{again} --learning-rate {rate:g}` goes on with another one."
        )
    return f"The training stopped before its end, and its checkpoint is kept: `{again}` goes on."


@contextlib.contextmanager
def hosts_lost(folder: Path) -> Iterator[None]:
    """Raise a ConnectionError that explains how to continue if one of several hosts has ended."""
    try:
        yield
    except tf.errors.OpError as error:
        raise ConnectionError(
            f"Expected all hosts until the end, received: {' '.join(str(error.message).split())[:200]}; "
            f"`kerasae train --resume --out {folder}`, on all of them, goes on."
        ) from error
