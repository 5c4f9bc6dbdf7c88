"""Categories as codes, and codes as categories."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasae.spec import Column


def look_up(words: Sequence[str], *, invert: bool = False) -> keras.layers.Layer:
    """Return a layer from words to ids, with 0 for the empty string and 1 for an unknown word, or back.

    Args:
        words: Words with their own ids, from 2 on.
        invert: Whether the layer goes from ids to words. Defaults to `False`.
    """
    return keras.layers.StringLookup(vocabulary=list(words), mask_token="", invert=invert, name=None)


def stand_ins(column: Column) -> list[str]:
    """Return the entries of a category that stand for a missing one, besides the empty string."""
    return [one for one in column.notation.missing if one not in column.categories]


def codes_of(ids: Any, column: Column) -> Any:
    """Convert ids of a lookup into codes from 0, `(batch,)`, float32, NaN for missing."""
    code = ops.cast(ids, "float32") - 1.0
    missing = (code < 0) | (code > len(column.categories)) if stand_ins(column) else code < 0
    return ops.where(missing, ops.full_like(code, float("nan")), code)
