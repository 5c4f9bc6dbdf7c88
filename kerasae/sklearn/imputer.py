"""AutoencoderImputer: missing entries, filled."""

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from kerasae.applications.imputation import Imputer
from kerasae.preprocessing import as_frame
from kerasae.sklearn._base import Estimator
from kerasae.sklearn._bases import OneToOneFeatureMixin, TransformerMixin


class AutoencoderImputer(OneToOneFeatureMixin, TransformerMixin, Estimator):
    """Imputation with an autoencoder, with the interface of `sklearn.impute.IterativeImputer`.

    Present entries do not change. A column without any value in `fit` stays missing.

    Args:
        model: Name of a family of `kerasae.models`. Defaults to `"denoising"`.
        latent_dim: Code size. Defaults to `None`, the default of the network.
        epochs: Largest number of epochs. Defaults to `None`, at most 3,000 steps.
        preset: Name of a member of `kerasae.presets`, which replaces `model`. Defaults to `None`.
        calibration: Share of the rows of `fit` that are held out for the intervals of `imputer_`, in [0, 1).
            With 0 there are no intervals. A tenth of the other rows chooses the epoch. Defaults to 0.1.
        settings: Other parameters, as for `--set`. Defaults to `None`.
        random_state: Seed of the weights, the split and the noise. Defaults to 0.

    Attributes:
        imputer_: Fitted application, with `draw` for several imputations and `intervals`.
        model_: Trained autoencoder, with its preprocessing.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Estimator._parameter_constraints,
        "calibration": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        model: str = "denoising",
        latent_dim: int | None = None,
        epochs: int | None = None,
        preset: str | None = None,
        calibration: float = 0.1,
        settings: dict[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.model = model
        self.latent_dim = latent_dim
        self.epochs = epochs
        self.preset = preset
        self.calibration = calibration
        self.settings = settings
        self.random_state = random_state

    @property
    def _calibrating(self) -> float:
        return self.calibration

    def _takes_table(self, rows: Any) -> bool:
        return True

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the model on rows with missing entries, `(rows, columns)`; `y` is ignored."""
        self._validate_params()
        data = self._fit_model(self._rows(X, reset=True))
        self.imputer_: Imputer = Imputer(self.model_).fit(data)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on from the weights of an earlier fit with more rows, `(rows, columns)`; `y` is ignored.

        Each call is one pass over its rows, whatever `epochs` and the preset say, with a constant learning
        rate and a new optimizer. Scalings and categories stay as the first fit set them; without an earlier
        fit the first call sets them.
        """
        self._validate_params()
        data = self._go_on(X)
        self.imputer_ = Imputer(self.model_).fit(data)
        return self

    def transform(self, X: Any) -> Any:
        """Fill the missing entries of rows, `(rows, columns)`.

        For a DataFrame the result is a DataFrame with the same index, columns and types, otherwise an array.
        """
        check_is_fitted(self)
        rows = self._rows(X, reset=False)
        frame = as_frame(X)
        if not isinstance(frame, pd.DataFrame):
            filled = self.imputer_.transform(rows)
            return filled.to_numpy("float32" if np.asarray(X).dtype == np.float32 else "float64")
        # The types are those of `X`, although the model may have been fitted on an array.
        filled = self.imputer_.transform(frame.set_axis(rows.columns, axis=1))
        return filled.set_axis(frame.columns, axis=1)
