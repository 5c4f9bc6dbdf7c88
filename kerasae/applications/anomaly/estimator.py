"""Anomaly detection: scores, a threshold and reasons for each example."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd

from kerasae import registry
from kerasae.applications._any_size import with_whole_images
from kerasae.applications._arguments import check_at_least, check_choices, check_counts
from kerasae.applications._base import Application, Finding
from kerasae.applications.anomaly._accounts import account_of, least_deviations
from kerasae.applications.anomaly._cross_fit import cross_fitted
from kerasae.applications.anomaly._expected import EXPECTED_ROWS, fit_expectation, rebuilder
from kerasae.applications.anomaly._finding import figures_of, finding_of
from kerasae.applications.anomaly._held_out import adapted, check_calibration, judged
from kerasae.applications.anomaly._labels import anomalous, has_normal, normal_rows, only_normal, usual_label
from kerasae.applications.anomaly._reasons import Explainer
from kerasae.applications.anomaly._sentences import on_calibration
from kerasae.applications.anomaly._thresholds import threshold_of
from kerasae.applications.anomaly.beside import simple_detectors
from kerasae.applications.anomaly.timeline import FOLDS, AlarmSettings, folded_block
from kerasae.applications.anomaly.whole import WholeImages, whole_finding_of
from kerasae.codec import Codec, HasLikelihood, is_ordered
from kerasae.data import Data, Examples
from kerasae.kinds import kind_of
from kerasae.losses import HIGHEST
from kerasae.preprocessing import slices
from kerasae.scores import Detector, Expectation
from kerasae.spec import Spec
from kerasae.thresholds.conformal import conformal_p_values

#: Bytes of the accounts of training rows that stay in memory while a score is fitted.
_KEPT = 2**28


class AnomalyDetector(Application):
    """Anomaly detection with a score, a threshold with a stated rate of false alarms, and reasons.

    The score is fitted on the training split; `"supported"` uses the validation split too. The threshold is
    fitted on the calibration split, which was used neither to train the weights nor to choose settings.

    The report writes `scores.csv` with the score, the p-value, the flag and the reasons of each example, the
    most abnormal example first. It also writes `contributions.csv`, or `contributions.npz` for
    images, in the same order. For the score `"heat"` pictures of the maps are in the folder `heat`, and a
    detector that was fitted on crops judges images whole, in their own sizes (`whole_`).
    `kerasae apply` stores the fitted detector in the run; a later use loads it and does not read the
    training data.

    Args:
        codec: Codec that maps raw examples to codes and back.
        score: Member of `kerasae.scores`, as a name or a dict with `name` and arguments. Defaults to `None`:
            `"evidence"` for vectors, tables of numbers and windows of a log, `"supported"` for other tables,
            `"whitened"` for images and texts.
        threshold: Member of `kerasae.thresholds`, as a name or a dict with `name` and arguments. Defaults to
            `"conformal"`.
        false_alarms: Share of normal examples that may be flagged, in (0, 1), for a threshold that accepts
            it. Defaults to `None`: 0.02 for windows of a log and `conformal`. Otherwise the threshold uses
            its own default, 0.001 for `pareto_tail` and 0.05 for the others.
        normal: Label of the normal rows. Score and threshold are fitted on these rows only, and rows with
            any other label count as anomalies. Rows without a label are left out of the figures, and out of
            score and threshold too. Defaults to `None`: all rows are used, and the rarer of the two labels of
            the training rows counts as the anomaly in the figures only.
        most_reasons: Number of features that are named for each example, those that add most to its score.
            Defaults to 3.
        alarm: When alarms begin and end on an axis of time: a dict with `release`, the share of the threshold
            at which an alarm ends, in (0, 1]; `least`, the number of successive windows above the threshold
            with which it begins; and `merge`, the greatest number of windows between two alarms that become
            one. Defaults to `None`: an alarm is each run of windows above the threshold.
        fold: Score of a time stamp, from those of the windows that hold it. `"last"` is that of the window
            which ends there, all that a live stream can know. `"mean"` and `"least"` are over all of them,
            with a threshold for such scores; alarms, figures and `timeline.csv` follow. Defaults to `"last"`.
        cross_fit: Number of folds of the training rows, from 2. For each, the model is trained once more, on
            the rows of the others. The score is fitted on the rows of a fold by a model that has not seen
            them, and they set the threshold too, beside the calibration split, which may be empty.
            `fold` must be `"last"`. Defaults to 0: the score is fitted on the rows that trained the model.

    Attributes:
        threshold_: Threshold; an example with a higher score is flagged.
        fitted_stamps_: Fitted threshold of the scores of time stamps; that of windows if nothing is folded.
        elsewhere_: Whether the threshold was set again by rows that are not in the data of the run.
        spread_: Spread of the residual of the last reading of each channel of a window on calibration rows,
            `(channels,)`, in `x`. There are no channels in other examples.
        doubts: Sentences to add if the calibration rows are known to contain anomalies.
        whole_: Judge of images of any size, each as a whole, with a threshold of its own: for crops of images
            and a score with a heat map. `None` for other examples and scores.

    Raises:
        ValueError: If the codec cannot give the score, or there are too few calibration rows for the
            threshold.

    Example:
        >>> from kerasae.applications import AnomalyDetector
        >>> detector = AnomalyDetector(model, false_alarms=0.01).fit(data)
        >>> detector.predict(data.test.examples)  # 1 for an anomaly

    Reference: Hawkins, He, Williams, Baxter 2002, DaWaK, for the reconstruction error as a score.
    """

    spec_: Spec
    detector_: Detector
    calibration_: np.ndarray
    threshold_: float
    spread_: np.ndarray
    whole_: WholeImages | None = None
    usual_label_: Any = None

    only_reported: ClassVar[tuple[str, ...]] = ("most_reasons",)
    taken_anew: ClassVar[tuple[str, ...]] = ("false_alarms",)  # a threshold of the stored scores
    only_models: ClassVar[tuple[str, ...]] = ("cross_fit",)  # a baseline has no training to repeat

    def __init__(
        self,
        codec: Codec,
        *,
        score: str | dict[str, Any] | None = None,
        threshold: str | dict[str, Any] = "conformal",
        false_alarms: float | None = None,
        normal: str | int | float | bool | None = None,
        most_reasons: int = 3,
        alarm: dict[str, Any] | None = None,
        fold: Literal["last", "mean", "least"] = "last",
        cross_fit: int = 0,
    ) -> None:
        super().__init__(codec)
        check_counts(most_reasons=most_reasons)
        check_choices(FOLDS, fold=fold)
        if cross_fit:
            check_at_least(2, cross_fit=cross_fit)
            check_choices(["last"], fold=fold)
        self.cross_fit = cross_fit
        self.alarm, self.fold = alarm, fold
        self.alarm_rule_ = AlarmSettings.of(alarm)
        self.score = score
        self.threshold = threshold
        self.false_alarms = false_alarms
        self.normal = normal
        self.most_reasons = most_reasons

    @classmethod
    def refusal(cls, codec: Codec) -> str:
        if not is_ordered(codec):
            return "it gives back words without their order, so there is no residual to judge by."
        return ""

    @classmethod
    def for_baseline(cls, settings: dict[str, Any], codec: Codec) -> dict[str, Any]:
        """Return the arguments for a baseline; without a likelihood it is scored by the whitened residual."""
        score = registry.get("score", settings.get("score") or "whitened")
        lacking = "nll" in score.needs and not isinstance(codec, HasLikelihood)
        settings = super().for_baseline(settings, codec)
        return {**settings, "score": "whitened"} if lacking else settings

    def fit_score(self, data: Data) -> Self:
        """Fit only the score, on the training split; the caller must set a threshold."""
        self.spec_, self.usual_label_ = data.spec, usual_label(data.train.labels)
        score = registry.get("score", self.score_of(data.spec))
        first = next(self.accounts(data, "train"))
        if lacking := [key for key in score.needs if key not in first]:
            raise ValueError(
                f"The score {type(score).__name__} needs a model with a likelihood, received a codec "
                f"without '{lacking[0]}'; take another score."
            )
        score.suit(self.codec.preprocessor)
        score.block = data.train.block
        accounts = functools.partial(self.accounts, data, "train", usual=True)
        self._unseen: list[Any] = []
        if self.cross_fit:
            self._unseen, score.block = cross_fitted(self.codec, data, self.cross_fit, self.normal)
            accounts = functools.partial(iter, self._unseen)
        elif len(data.train) * sum(value[0].nbytes for value in first.values()) <= _KEPT:
            # A score reads the accounts several times.
            accounts = functools.partial(iter, [*accounts()])
        score.adapt(accounts, least_deviations(data.spec))
        if has_normal(data.validation, self.normal) and not self.cross_fit:
            score.adapt_to_new(functools.partial(self.accounts, data, "validation", usual=True))
        expectation, channels = Expectation(data.spec.size), len(data.spec.channels)
        alarm = None if self.alarm is None else self.alarm_rule_.of_stream
        self.detector_ = Detector(score, expectation, channels=channels or None, alarm=alarm, fold=self.fold)
        self.detector_.build({key: (None, *value.shape[1:]) for key, value in first.items()})
        return self

    def score_of(self, spec: Spec) -> str | dict[str, Any]:
        """Return the score, or its default for examples of a spec."""
        return kind_of(spec).anomaly_score if self.score is None else self.score

    def score_training(self, data: Data) -> np.ndarray:
        """Return the scores of the training rows, `(rows,)`, each as if it had not been adapted to itself.

        The weights have seen these rows, so the scores are lower than those of new rows. A row that cannot be
        scored has the score `HIGHEST`.
        """
        scores = np.concatenate([adapted(self, part) for part in self.accounts(data, "train")])
        return np.minimum(np.nan_to_num(scores, nan=HIGHEST, posinf=HIGHEST), HIGHEST)

    def fit(self, data: Data) -> Self:
        threshold = threshold_of(self.threshold, self.false_alarms, data.spec)
        check_calibration(self, data, threshold)
        self.fit_score(data)
        held_out = judged(self, data, self._unseen, threshold)
        self.spread_ = held_out.spread
        self._calibrate(held_out.scores, held_out.labels, held_out.block, held_out.stamps)
        if WholeImages.suits(self, data.spec, data.calibration):
            self.whole_ = WholeImages(self).fit(data.calibration)
        self._unseen = []
        self.fit_expectation(data, "calibration" if len(data.calibration) else "train")
        self.doubts, self.elsewhere_ = on_calibration(self, data), False
        return self

    def fit_expectation(self, data: Data, split: str) -> Self:
        """Fit the expected values of `reasons` on a split whose rows are normal, after `fit_score`."""
        rows = data.drawn(split, EXPECTED_ROWS)
        parts = [rows.to_x(raw) for raw in normal_rows(rows, split, self.normal, usual=True)]
        x = np.concatenate(parts)[:EXPECTED_ROWS]
        fit_expectation(self.detector_.expectation, data, x, rebuilder(self.codec, data.spec))
        return self

    def _calibrate(
        self, scores: np.ndarray, labels: np.ndarray | None, block: int, stamps: np.ndarray | None
    ) -> None:
        """Fit the thresholds on the scores of calibration rows, and on their labels if they use them."""
        self._calibration = scores, labels, stamps
        threshold = threshold_of(self.threshold, self.false_alarms, self.spec_).fit(scores, labels, block)
        # p-values compare with normal rows only.
        self.calibration_ = scores if labels is None else scores[~labels]
        self.fitted_threshold_ = self.fitted_stamps_ = threshold
        if stamps is not None:
            whole = threshold_of(self.threshold, self.false_alarms, self.spec_)
            self.fitted_stamps_ = whole.fit(stamps, labels, folded_block(block, self.fold))
        self.threshold_ = threshold.threshold_
        rate = getattr(threshold, "false_alarms", None)
        self.detector_.calibrate(self.calibration_, self.threshold_, rate, block)

    def accounts(
        self, data: Data, split: str, everything: bool = False, usual: bool = False
    ) -> Iterator[Mapping[str, np.ndarray]]:
        """Yield the accounts of a split, part by part, for normal rows only where these are known."""
        for raw in normal_rows(data, split, None if everything else self.normal, usual):
            yield account_of(self.codec, data.spec, raw)

    def calibration_rows(self, data: Data) -> Examples:
        """Return the calibration rows of data that count as normal."""
        return only_normal(data.calibration, self.normal)

    def anomalous_labels(self, labels: np.ndarray) -> np.ndarray:
        """Return whether labels are those of anomalies, `(rows,)`, bool; False for a row without a label."""
        return anomalous(labels, self.normal, self.usual_label_)

    def scores(self, account: Mapping[str, np.ndarray]) -> np.ndarray:
        """Score examples by their account, `(rows,)`."""
        # In parts, because a score may compute many numbers for each row.
        parts = [self.detector_(part) for part in slices(account, 2048)]
        return np.concatenate([np.asarray(part, "float64") for part in parts])

    # The verbs -----------------------------------------------------------------------------------

    def score_samples(self, raw: Any) -> np.ndarray:
        """Score raw examples, `(rows,)`; higher is more abnormal."""
        return self.scores(account_of(self.codec, self.spec_, raw))

    def decision_function(self, raw: Any) -> np.ndarray:
        """Return the scores minus the threshold, `(rows,)`; positive for anomalies."""
        return self.score_samples(raw) - self.threshold_

    def predict(self, raw: Any) -> np.ndarray:
        """Return 1 for an anomaly and 0 for a normal example, `(rows,)`."""
        return (self.decision_function(raw) > 0).astype(int)

    def explain(self, raw: Any) -> np.ndarray:
        """Return the contribution of each feature to the scores of raw examples, `(rows, features)`."""
        return np.asarray(self.detector_.features(account_of(self.codec, self.spec_, raw)))

    def reasons(self, raw: Any) -> pd.DataFrame:
        """Return why raw examples are odd: the entries that add most to their scores.

        The expected value of an entry is what the model reconstructs with this entry hidden, and those that
        add more to the score hidden with it; see `kerasae.scores.Expectation`. The spread is the standard
        deviation of the expected value on calibration rows.

        Args:
            raw: Raw examples, `(rows, ...)`.

        Returns:
            A table with a line for each reason, the strongest first: `row`, the number of the example;
            `rank`, from 1; `reason`, the name of the column or pixel; `value` and `expected`, in the unit in
            which the examples are given; `spread`, in the same unit, in days for a date, and empty for what
            is no number; `share` of the score, in [0, 1].
        """
        return self.explainer.explain(raw).frame()

    @property
    def explainer(self) -> Explainer:
        """Finder of the reasons of examples."""
        return Explainer(self.codec, self.spec_, self.detector_, self.most_reasons)

    def p_values(self, raw: Any) -> np.ndarray:
        """Return the conformal p-values of raw examples against the calibration rows, `(rows,)`."""
        return self.p_values_of(self.score_samples(raw))

    def p_values_of(self, scores: np.ndarray) -> np.ndarray:
        """Return the conformal p-values of scores against the calibration rows, `(rows,)`."""
        return conformal_p_values(self.calibration_, scores, self.detector_.block)

    # The command ---------------------------------------------------------------------------------

    def taken(self, data: Data) -> Data:
        """Return data whose test split holds images whole, if it holds crops and they are judged whole."""
        return data if self.whole_ is None else with_whole_images(data)

    def report(self, data: Data, out: Path | None) -> Finding:
        if self.whole_ is not None and WholeImages.suits(self, data.spec, data.test):
            return whole_finding_of(self, self.whole_, data, out)
        return finding_of(self, data, out)

    def beside(self, data: Data) -> dict[str, Finding]:
        found = {}
        for name, detector in simple_detectors(data, self.normal).items():
            threshold = threshold_of(self.threshold, self.false_alarms, data.spec)
            found[name] = figures_of(detector.calibrate(threshold, self.alarm_rule_, self.fold), data)
        return found

    # Storage -------------------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """Return the arguments of the constructor, with the fitted score and rate for their defaults."""
        rate = getattr(self.fitted_threshold_, "false_alarms", None)
        return {**super().settings(), "score": self.score_of(self.spec_), "false_alarms": rate}

    def state(self) -> dict[str, Any]:
        kept = {"detector": self.detector_, "doubts": self.doubts, "elsewhere": self.elsewhere_}
        kept |= {"spread": self.spread_, "block": self.detector_.block, "usual_label": self.usual_label_}
        kept |= {} if self.whole_ is None else self.whole_.state()
        return kept | dict(zip(("scores", "labels", "stamps"), self._calibration, strict=True))

    def set_state(self, state: dict[str, Any]) -> None:
        self.detector_, self.usual_label_ = state["detector"], state.get("usual_label")
        # Detectors of earlier versions took windows of a log to be independent.
        block = int(state.get("block", 1))
        self._calibrate(state["scores"], state["labels"], block, state.get("stamps"))
        if "whole_scores" in state:
            self.whole_ = WholeImages(self).calibrate(state["whole_scores"], state["whole_labels"])
        self.doubts = [(good, sentence) for good, sentence in state["doubts"]]
        self.elsewhere_ = state.get("elsewhere", False)
        # Detectors of earlier versions have none, and draw no band.
        self.spread_ = np.asarray(state.get("spread", np.zeros(len(self.spec_.channels))))
