"""A table of every type of column, with gaps where a test wants some."""

import numpy as np
import pandas as pd

from kerasae import Recipe
from kerasae.data.tables import from_frame
from kerasae.preprocessing import TablePreprocessing


def rows(count=300, seed=0):
    """A table of every type whose columns all follow one hidden number."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=count)
    day = pd.Timestamp("2021-03-01")
    return pd.DataFrame(
        {
            "number": 3 * hidden + rng.normal(size=count) / 10,
            "integer": np.round(10 * hidden + 50).astype("int64"),
            "flag": hidden > 0,
            "bit": (hidden > 0.5).astype("int64"),
            "day": day + pd.to_timedelta(np.round(100 * hidden), unit="D"),
            "moment": day + pd.to_timedelta(np.round(1e5 * hidden), unit="s"),
            "category": np.select([hidden > 1, hidden > -1], ["high", "middle"], "low"),
            "code": [f"0{int(abs(value) * 3)}" for value in hidden],
        }
    )


def with_gaps(frame, share=0.3, seed=1):
    return frame.astype(object).mask(np.random.default_rng(seed).random(frame.shape) < share)


def write_rows(path):
    """Write rows with gaps, an empty column, labels and keys, and return the path."""
    frame = with_gaps(rows())
    frame["empty"] = None
    frame["label"] = np.arange(len(frame)) % 3
    frame["key"] = [f"row {i}" for i in range(len(frame))]
    frame.to_csv(path, index=False)
    return path


#: Kind and type of each column that `write_rows` writes, as they are found.
KINDS = {
    "number": ("number", "float64"),
    "integer": ("number", "Int64"),
    "flag": ("boolean", "boolean"),
    "bit": ("boolean", "Int64"),
    "day": ("date", "datetime64[us]"),
    "moment": ("date", "datetime64[us]"),
    "category": ("category", "str"),
    "code": ("category", "str"),
    "empty": ("number", "float64"),
}


def table_model(family, frame, latent_dim=2, network=None, **sections):
    data = from_frame(frame)
    recipe = Recipe.of(family, latent_dim=latent_dim, network={"widths": [16], **(network or {})}, **sections)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    return recipe.build(data), data


def plain_rows(rows=60, seed=0):
    """Numbers with gaps, whole numbers, categories, codes, booleans, dates and labels."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "flow": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows).round(4)),
            "count": rng.integers(0, 90, rows),
            "kind": rng.choice(["hot, dry", "cold"], rows),
            "code": rng.choice(["007", "012"], rows),
            "open": rng.choice([True, False], rows),
            "day": pd.date_range("2026-01-01", periods=rows, freq="D").strftime("%Y-%m-%d"),
            "odd": rng.integers(0, 2, rows),
        }
    )


def same_rows(one, other):
    """Check that two data have equal examples and labels in every split."""
    assert one.rows == other.rows
    assert one.spec == other.spec
    for split in one.rows:
        mine, theirs = one.split(split), other.split(split)
        if hasattr(mine.examples, "iloc"):
            pd.testing.assert_frame_equal(mine.examples, theirs.examples)
        else:
            np.testing.assert_array_equal(mine.examples, theirs.examples)
        if mine.labels is not None or theirs.labels is not None:
            np.testing.assert_array_equal(mine.labels, theirs.labels)
