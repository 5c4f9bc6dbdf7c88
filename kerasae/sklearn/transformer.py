"""AutoencoderTransformer: codes as features."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from kerasae.sklearn._base import Estimator
from kerasae.sklearn._bases import ClassNamePrefixFeaturesOutMixin, TransformerMixin


class AutoencoderTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """Dimensionality reduction with an autoencoder, with the interface of `sklearn.decomposition.PCA`.

    Args:
        latent_dim: Code size. Defaults to 8.
        model: Name of a family of `kerasae.models`. Defaults to `"undercomplete"`.
        epochs: Largest number of epochs. Defaults to `None`, at most 3,000 steps.
        preset: Name of a member of `kerasae.presets`, which replaces `model`. Defaults to `None`.
        settings: Other parameters, as for `--set`, such as `{"network.depth": 3, "train.patience": 5}`.
            Defaults to `None`.
        random_state: Seed of the weights, the split and the noise. Defaults to 0.

    Attributes:
        model_: Trained autoencoder, with its preprocessing.
        history_: History of the training.
        n_features_in_: Number of columns of the rows of `fit`.

    Example:
        >>> from kerasae.sklearn import AutoencoderTransformer
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> pipeline = make_pipeline(AutoencoderTransformer(2, epochs=50), LogisticRegression())
        >>> labels = pipeline.fit(X, y).predict(X)
    """

    def __init__(
        self,
        latent_dim: int = 8,
        *,
        model: str = "undercomplete",
        epochs: int | None = None,
        preset: str | None = None,
        settings: dict[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim = latent_dim
        self.model = model
        self.epochs = epochs
        self.preset = preset
        self.settings = settings
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the model on rows, `(rows, columns)`; `y` is ignored."""
        self._validate_params()
        self._fit_model(self._rows(X, reset=True))
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on from the weights of an earlier fit with more rows, `(rows, columns)`; `y` is ignored.

        Each call is one pass over its rows, whatever `epochs` and the preset say, with a constant learning
        rate and a new optimizer. Scalings and categories stay as the first fit set them; without an earlier
        fit the first call sets them.
        """
        self._validate_params()
        self._go_on(X)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # Models compute in float32, whatever the type of the input.
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.model_.latent_dim

    def transform(self, X: Any) -> np.ndarray:
        """Encode rows as float32 codes, `(rows, latent_dim)`."""
        check_is_fitted(self)
        return self.model_.transform(self._rows(X, reset=False))

    def inverse_transform(self, X: Any) -> Any:
        """Decode codes to rows, `(rows, columns)`.

        The result is an array, or a DataFrame if `fit` got missing entries or columns that are not numbers.
        """
        check_is_fitted(self)
        return self.model_.inverse_transform(np.asarray(X, "float32"))
