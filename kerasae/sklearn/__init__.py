"""Estimators for scikit-learn: a transformer, an outlier detector and an imputer.

They work with `Pipeline`, `GridSearchCV`, `clone`, pickle, joblib, DataFrames and `set_output`. Each trains
a model of `kerasae.models` in `fit`. An array of numbers uses the dense network. An array with missing
entries, and a DataFrame with columns of other types, use the table network.
"""

from kerasae.sklearn.detector import AutoencoderDetector
from kerasae.sklearn.imputer import AutoencoderImputer
from kerasae.sklearn.transformer import AutoencoderTransformer

__all__ = ["AutoencoderDetector", "AutoencoderImputer", "AutoencoderTransformer"]
