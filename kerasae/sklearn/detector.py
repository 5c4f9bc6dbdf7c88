"""AutoencoderDetector: outliers and novelties."""

import math
import warnings
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from kerasae.applications.anomaly import AnomalyDetector
from kerasae.data import Data
from kerasae.sklearn._base import Estimator
from kerasae.sklearn._bases import OutlierMixin
from kerasae.thresholds import clear_of
from kerasae.thresholds.median_deviation import MedianDeviationThreshold
from kerasae.thresholds.quantile import QuantileThreshold

#: Score of a row that cannot be scored, as `kerasae.losses.HIGHEST`.
_HIGHEST = float(np.finfo("float32").max)


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


class AutoencoderDetector(OutlierMixin, Estimator):
    """Outlier detection with an autoencoder, with the interface of `sklearn.ensemble.IsolationForest`.

    As in scikit-learn, lower scores are more abnormal, and `predict` returns -1 for an outlier.

    Args:
        preset: Name of a member of `kerasae.presets`: `"detector"` for normal training rows,
            `"contaminated_detector"` for training rows that contain outliers, `"microcontroller_detector"`
            for code that fits a microcontroller. `None` uses `model` instead. Defaults to `"detector"`.
        anomaly_score: Member of `kerasae.scores`, as a name or a dict with `name` and arguments. Defaults to
            `None`, that of the preset, or else that of `AnomalyDetector`, which is `"evidence"` for rows of
            numbers.
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
        **Estimator._parameter_constraints,
        "anomaly_score": [str, dict, None],
        "contamination": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="right")],
        "novelty": ["boolean"],
        "calibration": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        *,
        preset: str | None = "detector",
        anomaly_score: str | dict[str, Any] | None = None,
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

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on from the weights of an earlier fit with more rows, `(rows, columns)`; `y` is ignored.

        Each call is one pass over its rows, whatever `epochs` and the preset say, with a constant learning
        rate and a new optimizer. Scalings and categories stay as the first fit set them; without an earlier
        fit the first call sets them. Score and threshold are fitted on the rows of this call, and the
        threshold on those that are held out of its pass. The same rows are split in the same way in every
        call.
        """
        self._validate_params()
        self._fit_score(self._go_on(X))
        return self

    @property
    def _calibrating(self) -> float:
        return self.calibration if self.novelty else 0.0

    def _fit_score(self, data: Data) -> None:
        # Those of an earlier fit with novelty=False are not of these rows.
        self.__dict__.pop("training_scores_", None)
        score = self.anomaly_score
        if score is None:
            score = self._apply.get("anomaly", {}).get("score")
        self.detector_: AnomalyDetector = AnomalyDetector(self.model_, score=score).fit_score(data)
        held_out = bool(self.novelty and len(data.calibration))
        self.detector_.fit_expectation(data, "calibration" if held_out else "train")
        if held_out:
            self.offset_: float = -self._new_threshold(
                self.detector_.score_samples(data.calibration.examples)
            )
            return
        scores = self.detector_.score_training(data)
        if self.novelty:
            self._warn_of_few(0)
        else:
            self.training_scores_: np.ndarray = -scores
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
        """Fit the estimator, and return -1 for the outliers among its rows, 1 for the others, `(rows,)`.

        A row that cannot be scored is an outlier.
        """
        scores = self.fit(X).training_scores_
        return np.where((scores < self.offset_) | (scores <= -_HIGHEST), -1, 1)

    def explain(self, X: Any) -> np.ndarray:
        """Return the contribution of each column to the scores, `(rows, columns)`; higher is abnormal."""
        check_is_fitted(self)
        return self.detector_.explain(self._rows(X, reset=False))

    def reasons(self, X: Any) -> pd.DataFrame:
        """Return the three columns that add most to the score of each row, with their expected values.

        The table has the columns `row`, the index of the row in a DataFrame or its number, `rank`, `reason`,
        `value`, `expected`, `spread` and `share`, as `AnomalyDetector.reasons` states.
        """
        check_is_fitted(self)
        reasons = self.detector_.reasons(self._rows(X, reset=False))
        if hasattr(X, "iloc"):
            reasons["row"] = X.index.to_numpy()[reasons["row"]]
        if not self._table and hasattr(self, "feature_names_in_"):
            names = {f"feature {number}": name for number, name in enumerate(self.feature_names_in_)}
            reasons["reason"] = reasons["reason"].map(names)
        return reasons
