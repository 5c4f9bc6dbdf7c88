"""Several scores as the argument of one score."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasae import registry
from kerasae.scores._base import Score


def several(scores: Sequence[Any], *, least: int) -> list[Score]:
    """Return scores that can be combined.

    Args:
        scores: Scores, each as a name, a dict with `name` and arguments, an object, or its stored config.
        least: Smallest number of scores.

    Raises:
        ValueError: If there are too few, or one of them is no score or may be negative.
    """
    if isinstance(scores, str) or len(scores) < least:
        wanted = "two scores" if least == 2 else "one score"
        raise ValueError(f"`scores` must be a list of at least {wanted}, received {scores!r}.")
    members = [
        keras.saving.deserialize_keras_object(score) if _is_stored(score) else registry.get("score", score)
        for score in scores
    ]
    if others := [score for score in members if not isinstance(score, Score)]:
        raise ValueError(f"`scores` must be names of scores or dicts with a `name`, received {others[0]!r}.")
    if negative := [type(score).__name__ for score in members if not score.positive]:
        raise ValueError(f"`scores` must be scores that are never negative, received {negative[0]}.")
    return members


def stored(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """Return the configs of scores, which `several` takes."""
    return [keras.saving.serialize_keras_object(score) for score in scores]


def _is_stored(value: Any) -> bool:
    return isinstance(value, dict) and "class_name" in value
