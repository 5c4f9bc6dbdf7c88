"""Data frames as NumPy holds them."""

from typing import Any

import numpy as np
import pandas as pd

from kerasae.preprocessing import plain


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
