"""output_of: how decoded examples are shown, by their kind."""

from typing import Any

import numpy as np

from kerasae.kinds import kind_of
from kerasae.spec import Spec

#: Largest number of features of a vector that are a table, and no line.
_MOST_FEATURES = 40


def output_of(model: Any, spec: Spec, originals: np.ndarray) -> dict[str, Any]:
    """Return what the script shows decoded examples with.

    Args:
        model: Autoencoder, whose preprocessor scales the columns of a table.
        spec: Description of the examples.
        originals: Raw examples to begin with, `(rows, ...)`; `x` for a table.
    """
    kind = kind_of(spec)
    if kind.is_picture:
        known = spec.low is not None and spec.high is not None
        low, high = (spec.low, spec.high) if known else (float(originals.min()), float(originals.max()))
        return {
            "shown": "picture",
            "shape": list(spec.shape),
            "low": low,
            "high": high if high != low else low + 1.0,  # type: ignore[operator]
            "meaning": f"Image of {spec.shape[1]} by {spec.shape[0]} pixels",
        }
    if spec.columns:
        return {"shown": "columns", "columns": columns_of(model.preprocessor)}
    if spec.channels or spec.size > _MOST_FEATURES:
        names = kind.channel_names or [""]
        flat = originals.reshape(-1, len(names))
        # A channel that is missing in all windows has no range.
        flat = np.where(np.isfinite(flat).any(axis=0), flat, 0.0)
        low, high = np.nanmin(flat, axis=0), np.nanmax(flat, axis=0)
        return {
            "shown": "lines",
            "names": names,
            "length": spec.size // len(names),
            "low": low.tolist(),
            "high": np.where(high > low, high, low + 1.0).tolist(),
        }
    # Decoded vectors are in raw units already.
    plain = {"kind": "number", "center": 0.0, "scale": 1.0}
    return {"shown": "columns", "columns": [{"name": name, **plain} for name in kind.feature_names]}


def columns_of(preprocessor: Any) -> list[dict[str, Any]]:
    """Return name, kind, scaling and categories of each column that a network sees."""
    moments = zip(
        preprocessor.spec.columns, preprocessor.centers, preprocessor.scales, preprocessor.steps, strict=True
    )
    return [
        {
            "name": column.name,
            "kind": column.kind,
            "center": float(center),
            "scale": float(scale),
            # Integers have no step of their own; their type rounds them.
            "step": float(step or (column.kind == "number" and "int" in column.dtype.lower())),
            "categories": [str(word) for word in column.categories],
        }
        for column, center, scale, step in moments
        if column.kind != "empty"
    ]
