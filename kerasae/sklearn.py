"""Estimators for scikit-learn: a transformer, an outlier detector and an imputer.

They work with `Pipeline`, `GridSearchCV`, `clone`, pickle, joblib, DataFrames and `set_output`. Each trains
a model of `kerasae.models` in `fit`. An array of numbers uses the dense network. An array with missing
entries, and a DataFrame with columns of other types, use the table network.
"""

import math
import warnings
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    OneToOneFeatureMixin,
    OutlierMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from kerasae.applications.anomaly import AnomalyDetector
from kerasae.applications.imputation import Imputer
from kerasae.data import Data, Split, array_spec
from kerasae.data.tables import column_of
from kerasae.models import Autoencoder
from kerasae.preprocessing import named_by_text, plain
from kerasae.presets import settings as settings_of
from kerasae.recipe import Recipe
from kerasae.seeds import kept
from kerasae.spec import Spec
from kerasae.thresholds import clear_of
from kerasae.thresholds.median_deviation import MedianDeviationThreshold
from kerasae.thresholds.quantile import QuantileThreshold
from kerasae.training import train


class _Estimator(BaseEstimator):
    """Base class of the three estimators, which trains a model on rows."""

    #: Share of the rows held out to choose the best epoch; with 0 the training uses all rows and all epochs.
    _held_out: ClassVar[float] = 0.1

    @property
    def _calibrating(self) -> float:
        """Share of the rows that are held out for calibration, and used neither to train nor to choose."""
        return 0.0

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "model": [str],
        "preset": [str, None],
        "latent_dim": [Interval(Integral, 1, None, closed="left"), None],
        "epochs": [Interval(Integral, 1, None, closed="left"), None],
        "settings": [dict, None],
        "random_state": ["random_state"],
    }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def _rows(self, X: Any, *, reset: bool) -> Any:
        """Return rows as the codec of this estimator takes them: an array of numbers, or a DataFrame."""
        least = 2 if reset else 1
        X = as_frame(X)
        if reset:
            numeric = not isinstance(X, pd.DataFrame) or all(map(pd.api.types.is_numeric_dtype, X.dtypes))
            self._mixed = not numeric
        if self._mixed and isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if len(X) < least:
                raise ValueError(
                    f"Found array with {len(X)} sample(s) while a minimum of {least} is required."
                )
            rows: Any = named_by_text(X)
        else:
            rows = validate_data(
                self,
                _of_numpy(X),
                reset=reset,
                dtype="numeric",
                ensure_all_finite="allow-nan",
                ensure_min_samples=least,
            )
            rows = rows.astype("float32" if rows.dtype == np.float32 else "float64")
            if np.nanmax(np.abs(rows), initial=0.0) > np.finfo("float32").max:
                raise ValueError("Input X contains infinity or a value too large for dtype('float32').")
        table = self._takes_table(rows) if reset else self._table
        if reset:
            self._table = table
        if table and not isinstance(rows, pd.DataFrame):
            return pd.DataFrame(rows, columns=[f"x{number}" for number in range(rows.shape[1])])
        if not table and self._takes_table(rows):
            raise ValueError(
                "Input X contains NaN or columns that are no numbers, and the rows that this estimator was "
                "fitted on did not; fit it on rows with missing entries, or fill them first."
            )
        return rows

    #: Whether the estimator was fitted on a DataFrame with columns that are not numbers.
    _mixed: bool
    #: Whether the estimator was fitted on a table.
    _table: bool

    def _takes_table(self, rows: Any) -> bool:
        return isinstance(rows, pd.DataFrame) or bool(np.isnan(rows).any())

    def _fit_model(self, rows: Any) -> Data:
        """Train `model_` on rows, and return the data with their splits."""
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        recipe, data = self._recipe(rows, seed)
        with kept():
            # A recipe seeds the global generators of Python and NumPy, which an estimator must not change.
            model = recipe.build(data)
        choosing = len(data.validation) > 0
        self.history_ = train(model, data, **{**recipe.train, "hold_out": choosing})
        self.model_: Autoencoder = model
        return data

    def _recipe(self, rows: Any, seed: int) -> tuple[Recipe, Data]:
        if isinstance(rows, pd.DataFrame):
            columns = tuple(column_of(rows[name]) for name in rows)
            spec = Spec("table", (len(columns),), "mixed", columns=columns)
        else:
            spec = array_spec(rows)
        settings: dict[str, Any] = {}
        if self.preset is not None:
            settings |= settings_of(self.preset, spec)
        else:
            # Steps are set instead of epochs, because an epoch of few rows has only a step or two.
            settings |= {"model.name": self.model, "train.steps": 3000}
        if self.latent_dim is not None:
            settings["network.latent_dim"] = int(self.latent_dim)
        if self.epochs is not None:
            settings.pop("train.steps", None)
            settings["train.epochs"] = int(self.epochs)
        recipe = Recipe.of().override({**settings, "train.seed": seed % 2**31, **(self.settings or {})})
        order = np.random.default_rng(seed).permutation(len(rows))
        enough = len(rows) > 3
        held = max(1, round(self._held_out * len(rows))) if self._held_out and enough else 0
        kept = max(1, round(self._calibrating * (len(rows) - held))) if self._calibrating and enough else 0
        parts = np.split(order, [held, held + min(kept, len(rows) - held - 2)])
        validation, calibration, train_rows = (Split(rows).rows(np.sort(part)) for part in parts)
        data = Data("rows", spec, train_rows, validation, train_rows.rows([]), calibration=calibration)
        return recipe, recipe.prepare(data)


def as_frame(X: Any) -> Any:
    """Convert a table of a library with Arrow columns, such as polars, to a pandas DataFrame."""
    if isinstance(X, pd.DataFrame) or not hasattr(X, "__arrow_c_stream__"):
        return X
    table = pa.table(X)
    # pandas has no name for the string type of polars.
    kinds = [pa.string() if pa.types.is_string_view(field.type) else field.type for field in table.schema]
    table = table.cast(pa.schema([*zip(table.column_names, kinds, strict=True)]))
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def _of_numpy(X: Any) -> Any:
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


class AutoencoderTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _Estimator):
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
        >>> make_pipeline(AutoencoderTransformer(2), LogisticRegression()).fit(X, y)
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


def _judges_new_rows(detector: "AutoencoderDetector") -> bool:
    if detector.novelty:
        return True
    raise AttributeError(
        "With novelty=False there is only `fit_predict`, because the scores of training rows are not "
        "comparable with those of new rows; use novelty=True."
    )


def _judges_its_own_rows(detector: "AutoencoderDetector") -> bool:
    if not detector.novelty:
        return True
    raise AttributeError(
        "With novelty=True there is only `predict`, for new rows; use novelty=False to find the outliers "
        "among the rows of `fit`."
    )


class AutoencoderDetector(OutlierMixin, _Estimator):
    """Outlier detection with an autoencoder, with the interface of `sklearn.ensemble.IsolationForest`.

    As in scikit-learn, lower scores are more abnormal, and `predict` returns -1 for an outlier.

    Args:
        preset: Name of a member of `kerasae.presets`: `"detector"` for normal training rows,
            `"contaminated_detector"` for training rows that contain outliers. `None` uses `model` instead.
            Defaults to `"detector"`.
        anomaly_score: Member of `kerasae.scores`, as a name or a dict with `name` and arguments. Defaults to
            `"whitened"`.
        contamination: Share of outliers among the rows of `fit`, in (0, 0.5], which sets the threshold. On
            average `predict` flags the same share of new rows of the same kind. `"auto"` sets the threshold
            3.5 robust standard deviations from the median score. Defaults to 0.05.
        novelty: Whether the estimator scores new rows, with `predict`, `decision_function` and
            `score_samples`. The threshold is then fitted on held-out rows, because a model scores its
            training rows too well. If False, the model is trained on all rows, and `fit_predict` finds the
            outliers among them, as in `sklearn.neighbors.LocalOutlierFactor`. Defaults to True.
        calibration: Share of the rows of `fit` that are held out for the threshold if `novelty` is True, in
            (0, 1). Defaults to 0.2.
        model: Name of a family of `kerasae.models`, used without a preset. Defaults to `"denoising"`.
        latent_dim: Code size. Defaults to `None`, that of the preset.
        epochs: Largest number of epochs, in place of the steps of the preset. Defaults to `None`.
        settings: Other parameters, as for `--set`. Defaults to `None`.
        random_state: Seed of the weights and the noise. Defaults to 0.

    Attributes:
        detector_: Fitted application, whose `explain` returns the contribution of each column.
        offset_: Offset: `decision_function` is `score_samples` minus `offset_`.
        training_scores_: Scores of the rows of `fit`, `(rows,)`, lower for more abnormal rows. It exists only
            if `novelty` is False.
        model_: Trained autoencoder, with its preprocessing.
    """

    #: The presets train for a fixed number of steps, so no rows are held out to choose the epoch.
    _held_out: ClassVar[float] = 0.0

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_Estimator._parameter_constraints,
        "anomaly_score": [str, dict],
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "novelty": ["boolean"],
        "calibration": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        *,
        preset: str | None = "detector",
        anomaly_score: str | dict[str, Any] = "whitened",
        contamination: float | str = 0.05,
        novelty: bool = True,
        calibration: float = 0.2,
        model: str = "denoising",
        latent_dim: int | None = None,
        epochs: int | None = None,
        settings: dict[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.preset = preset
        self.anomaly_score = anomaly_score
        self.contamination = contamination
        self.novelty = novelty
        self.calibration = calibration
        self.model = model
        self.latent_dim = latent_dim
        self.epochs = epochs
        self.settings = settings
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the model on rows, `(rows, columns)`, and fit score and threshold; `y` is ignored."""
        self._validate_params()
        self._fit_score(self._fit_model(self._rows(X, reset=True)))
        return self

    @property
    def _calibrating(self) -> float:
        return self.calibration if self.novelty else 0.0

    def _fit_score(self, data: Data) -> None:
        self.detector_ = AnomalyDetector(self.model_, score=self.anomaly_score).fit_score(data)
        if self.novelty and len(data.calibration):
            self.offset_ = -self._new_threshold(self.detector_.score_samples(data.calibration.examples))
            return
        scores = self.detector_.score_training(data)
        if self.novelty:
            self._warn_of_few(0)
        else:
            self.training_scores_ = -scores
        if self.contamination == "auto":
            self.offset_ = -MedianDeviationThreshold().fit(scores).threshold_
        else:
            share = 100.0 * float(self.contamination)
            self.offset_ = -clear_of(scores, float(-np.percentile(-scores, share)))

    def _new_threshold(self, scores: np.ndarray) -> float:
        """Return the threshold for new rows from the scores of held-out rows, `(rows,)`."""
        if self.contamination == "auto":
            return MedianDeviationThreshold().fit(scores).threshold_
        share = float(self.contamination)
        if share * (len(scores) + 1) < 1:
            self._warn_of_few(len(scores))
        return QuantileThreshold(false_alarms=share).fit(scores).threshold_

    def _warn_of_few(self, rows: int) -> None:
        asked = "" if self.contamination == "auto" else f" for contamination={self.contamination:g}"
        needed = 1 if self.contamination == "auto" else math.ceil(1 / float(self.contamination)) - 1
        warnings.warn(
            f"Expected at least {needed} held-out rows{asked}, received {rows}: more new rows may be "
            "flagged than asked for; fit on more rows, or raise `calibration`.",
            stacklevel=2,
        )

    @available_if(_judges_new_rows)
    def score_samples(self, X: Any) -> np.ndarray:
        """Score new rows, `(rows,)`; lower is more abnormal."""
        check_is_fitted(self)
        return -self.detector_.score_samples(self._rows(X, reset=False))

    @available_if(_judges_new_rows)
    def decision_function(self, X: Any) -> np.ndarray:
        """Return the scores minus `offset_`, `(rows,)`; negative for outliers."""
        return self.score_samples(X) - self.offset_

    @available_if(_judges_new_rows)
    def predict(self, X: Any) -> np.ndarray:
        """Return -1 for outliers and 1 for all other rows, `(rows,)`."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    @available_if(_judges_its_own_rows)
    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """Fit the estimator, and return -1 for the outliers among its rows, 1 for the others, `(rows,)`."""
        return np.where(self.fit(X).training_scores_ < self.offset_, -1, 1)

    def explain(self, X: Any) -> np.ndarray:
        """Return the contribution of each column to the scores, `(rows, columns)`; higher is abnormal."""
        check_is_fitted(self)
        return self.detector_.explain(self._rows(X, reset=False))


class AutoencoderImputer(OneToOneFeatureMixin, TransformerMixin, _Estimator):
    """Imputation with an autoencoder, with the interface of `sklearn.impute.IterativeImputer`.

    Present entries do not change. A column without any value in `fit` stays missing.

    Args:
        model: Name of a family of `kerasae.models`. Defaults to `"denoising"`.
        latent_dim: Code size. Defaults to `None`, the default of the network.
        epochs: Largest number of epochs. Defaults to `None`, at most 3,000 steps.
        preset: Name of a member of `kerasae.presets`, which replaces `model`. Defaults to `None`.
        calibration: Share of the rows of `fit` that are held out for the intervals of `imputer_`, in [0, 1).
            With 0 the model is trained on all rows, and there are no intervals. Defaults to 0.1.
        settings: Other parameters, as for `--set`. Defaults to `None`.
        random_state: Seed of the weights, the split and the noise. Defaults to 0.

    Attributes:
        imputer_: Fitted application, with `draw` for several imputations and `intervals`.
        model_: Trained autoencoder, with its preprocessing.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_Estimator._parameter_constraints,
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
