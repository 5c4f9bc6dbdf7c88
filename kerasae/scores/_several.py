"""Several scores as the argument of one score."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd

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


def first_rules(scores: Sequence[Score], inputs: Mapping[str, Any], number: np.ndarray) -> np.ndarray | None:
    """Return the rules that entries break by the first score that knows one; see `Score.broken`."""
    found = None
    for score in scores:
        rules = score.broken(inputs, number)
        if rules is not None:
            found = rules if found is None else np.where(pd.isna(found), rules, found)
    return found


def stored(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """Return the configs of scores, which `several` takes."""
    return [keras.saving.serialize_keras_object(score) for score in scores]


def _is_stored(value: Any) -> bool:
    return isinstance(value, dict) and "class_name" in value
