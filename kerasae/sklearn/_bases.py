"""Base classes of scikit-learn. The stub beside this file gives them types, as scikit-learn has none."""

from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    OneToOneFeatureMixin,
    OutlierMixin,
    TransformerMixin,
)

__all__ = [
    "BaseEstimator",
    "ClassNamePrefixFeaturesOutMixin",
    "OneToOneFeatureMixin",
    "OutlierMixin",
    "TransformerMixin",
]
