"""from_frame: the rows of a DataFrame as data."""

from typing import Any

from kerasae import registry
from kerasae.data._columns.column_of import column_of
from kerasae.data._columns.declared import Missing, check_types, declared
from kerasae.data._columns.sentinels import Sentinels
from kerasae.data._data import Data
from kerasae.data._drawing import draw_splits
from kerasae.data._labels import tidy_labels
from kerasae.data._split import Split
from kerasae.preprocessing import as_frame, named_by_text
from kerasae.spec import Spec


def from_frame(
    frame: Any,
    *,
    labels: str | None = None,
    types: dict[str, str] | None = None,
    missing: Missing = (),
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Return the rows of a DataFrame as data.

    Columns of strings are categories by default. If `types` gives them another kind, they are read as in a
    file, and results are written as strings again.

    Args:
        frame: Rows, one column a feature: a DataFrame of pandas or polars, or an Arrow table. Results are
            DataFrames of pandas.
        labels: Name of the column of labels. The training never sees it. Defaults to `None`.
        types: Kinds by column, as for `tables`. Defaults to none.
        missing: Entries that stand for a missing one, as for `tables`. Defaults to none.
        validation: Share of the validation split in the rows that the test split leaves. Defaults to 0.1.
        calibration: Share of the calibration split in the rows that the test split leaves. Defaults to 0.1.
        test: Share of the test split in all rows. Defaults to 0.2.
        seed: Seed of the splits. Defaults to 0.

    Raises:
        TypeError: if `frame` is no table.
        ValueError: if a column holds no numbers, booleans, dates or categories.
    """
    registry.check("data", from_frame, {"types": types, "missing": missing})
    check_types(types)
    frame = as_frame(frame)
    if not hasattr(frame, "iloc"):
        raise TypeError(f"Expected a DataFrame or an Arrow table, received {type(frame).__name__}.")
    frame = named_by_text(frame)
    used = [name for name in frame.columns if name != labels]
    examples = frame[used]
    columns = tuple(
        column_of(examples[name], (types or {}).get(name), declared(missing, name)) for name in examples
    )
    sentinels = Sentinels([column for column in columns if not column.notation.missing])
    sentinels.see(examples)
    sentinels.warn()
    spec = Spec("table", (len(columns),), "mixed", columns=columns)
    everything = Split(examples, None if labels is None else tidy_labels(frame[labels].to_numpy()))
    parts = draw_splits(len(frame), validation, calibration, test, seed)
    splits: dict[str, Any] = {key: everything.rows(part) for key, part in parts.items()}
    return Data("table", spec, **splits)
