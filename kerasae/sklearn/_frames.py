"""Data frames of other libraries, as pandas and NumPy hold them."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from kerasae.preprocessing import plain


def as_frame(X: Any) -> Any:
    """Convert a table of a library with Arrow columns, such as polars, to a pandas DataFrame."""
    if isinstance(X, pd.DataFrame) or not hasattr(X, "__arrow_c_stream__"):
        return X
    table = pa.table(X)
    # pandas has no name for the string type of polars.
    kinds = [pa.string() if pa.types.is_string_view(field.type) else field.type for field in table.schema]
    table = table.cast(pa.schema([*zip(table.column_names, kinds, strict=True)]))
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def of_numpy(X: Any) -> Any:
    """Convert the Arrow numbers of a DataFrame to float64, because scikit-learn does not know their types."""
    if not isinstance(X, pd.DataFrame):
        return X
    converted = X.copy(deep=False)
    for place, dtype in enumerate(X.dtypes):
        if isinstance(dtype, pd.ArrowDtype):
            converted.isetitem(
                place, plain(X.iloc[:, place]).astype("Float64").to_numpy("float64", na_value=np.nan)
            )
    return converted
