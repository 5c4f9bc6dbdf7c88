"""finding_of: what a fitted detector finds in examples, with its files, figures and pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from kerasae.applications._base import Finding
from kerasae.applications.anomaly._accounts import account_of
from kerasae.applications.anomaly._heat import has_heat, heat_pictures
from kerasae.applications.anomaly._labels import unlabelled
from kerasae.applications.anomaly._living import row_to_edit
from kerasae.applications.anomaly._reasons import Reasons
from kerasae.applications.anomaly._report import (
    blame_what_is_not_finite,
    detection_metrics,
    odd_rows,
    pictures,
    write_files,
)
from kerasae.applications.anomaly._sentences import on_blocks, on_flags
from kerasae.applications.anomaly._volume import on_volume, with_volume
from kerasae.applications.anomaly.timeline import TimeAxis, Timeline
from kerasae.applications.anomaly.timeline.spread import last_residuals
from kerasae.data import Data, has_label
from kerasae.kinds import kind_of
from kerasae.metrics import Metric
from kerasae.report.page import Part

if TYPE_CHECKING:
    from kerasae.applications.anomaly.beside import SimpleDetector
    from kerasae.applications.anomaly.estimator import AnomalyDetector


class _Examined(NamedTuple):
    """What a detector computes for examples.

    Attributes:
        scores: Scores, `(rows,)`.
        added: Contribution of each feature, `(rows, features)`; of each column of the file, as a data frame,
            if an example is no picture.
        residual: Residual of the last reading of each channel of a window, `(rows, channels)`. There are no
            channels in other examples.
        reasons: Reasons of each row.
    """

    scores: np.ndarray
    added: np.ndarray | pd.DataFrame
    residual: np.ndarray
    reasons: Reasons


class _Judged(NamedTuple):
    """Scores of examples beside their labels.

    Attributes:
        metrics: Figures.
        flagged: Whether each example, or each time stamp, is flagged, `(rows,)`, bool.
        truth: Whether each example is an anomaly, `(rows,)`, bool; `None` without labels.
        known: Whether each example has a label, `(rows,)`, bool; all True without labels.
        timeline: Scores on the axis of time; `None` for examples that are not on one.
    """

    metrics: list[Metric]
    flagged: np.ndarray
    truth: np.ndarray | None
    known: np.ndarray
    timeline: Timeline | None


def finding_of(detector: "AnomalyDetector", data: Data, out: Path | None) -> Finding:
    """Return what a fitted detector finds in the test split of `data`.

    Args:
        detector: Fitted detector.
        data: Data whose test split holds the examples.
        out: Folder for the files; `None` returns only figures.
    """
    examined = None if out is None else _examine(detector, data)
    judged = _judged(detector, data, None if examined is None else examined.scores)
    if examined is None or out is None:
        return Finding(judged.metrics, "auroc")
    scores, timeline = examined.scores, judged.timeline
    flagged = scores > detector.threshold_
    p_values = detector.p_values_of(scores)
    rows = odd_rows(data, scores, p_values, flagged, examined.reasons)
    write_files(out, data, rows, examined.added)
    shown, listings = pictures(
        detector.codec, data, rows, examined.added, detector.calibration_, detector.threshold_
    )
    if has_heat(detector, data):
        # The map shows more than the contributions of the features.
        shown = [*shown[:-1], *heat_pictures(detector, data, rows, out)]
    parts: list[Part] = [*shown, *row_to_edit(detector, data, rows)]
    said = on_flags(detector.fitted_stamps_, int(judged.flagged.sum()), len(scores))
    if timeline is not None:
        written = timeline.written(data, examined.reasons, examined.residual, detector.spread_, judged.truth)
        written.write(out)
        # The rows of an alarm are alike, so alarms are listed in their place.
        parts, listings = [*written.pictures, *parts], written.listings
        volume = on_volume(timeline.axis, judged.truth, judged.known)
        said = [*written.sentences, *said, *((True, sentence) for sentence in volume)]
    score = detector.detector_.score
    more = " and, if there are any, the validation rows" if score.reads_new_rows else ""
    counted = getattr(data.test, "counted", "windows")
    unit = score.unit or detector.codec.reconstruction_loss.unit  # type: ignore[attr-defined]
    return Finding(
        judged.metrics,
        "auroc",
        [*said, *unlabelled(judged.known), *detector.doubts],
        parts,
        listings,
        notes=(
            f"Score: {detector.score_of(data.spec)} ({unit}), fitted on the training rows{more}; "
            f"threshold: {named(detector.threshold)}, from {len(detector.calibration_):,} calibration rows. "
            "p-value: "
            "the share of calibration rows at least as odd, conformal: small ones are odd, and of normal "
            "rows at most "
            f"5 % have one below 0.05.{on_blocks(detector.detector_.block, counted)}",
        ),
    )


def figures_of(detector: "SimpleDetector", data: Data) -> Finding:
    """Return the figures of a detector without a model in the test split of `data`."""
    return Finding(_judged(detector, data).metrics, "auroc")


def _judged(
    detector: "AnomalyDetector | SimpleDetector", data: Data, scores: np.ndarray | None = None
) -> _Judged:
    """Judge the scores of the test split.

    Args:
        detector: Fitted detector.
        data: Data whose test split holds the examples.
        scores: Scores of the examples, `(rows,)`. Defaults to `None`: they are computed.
    """
    if scores is None:
        scores = np.concatenate([detector.score_samples(raw) for raw in data.test.chunks()])
    axis, timeline, threshold = TimeAxis.of(data.test), None, detector.fitted_stamps_.threshold_
    if axis is not None:
        timeline = Timeline.of(axis, scores, detector.alarm_rule_, threshold, detector.fold)
        scores = timeline.scores
    flagged = scores > threshold
    truth, known = None, np.ones(len(scores), bool)
    if data.test.labels is not None:
        known = has_label(data.test.labels)
        truth = detector.anomalous_labels(data.test.labels)
    metrics = [
        Metric("threshold", "threshold", threshold),
        Metric("flagged", "flagged", int(flagged.sum())),
        *([] if timeline is None else timeline.metrics(truth, known)),
        *detection_metrics(scores[known], flagged[known], None if truth is None else truth[known]),
    ]
    if axis is not None:
        metrics = with_volume(metrics, axis, scores[known], None if truth is None else truth[known])
    return _Judged(metrics, flagged, truth, known, timeline)


def _examine(detector: "AnomalyDetector", data: Data) -> _Examined:
    explainer = detector.explainer
    channels, kind = len(data.spec.channels), kind_of(data.spec)
    scores, residuals, reasons = [], [], []
    # A log has a contribution for each reading of each window: its file has their sums by channel.
    features: list[Any] = []
    for raw in data.test.chunks(explainer.rows):
        account = account_of(detector.codec, data.spec, raw)
        scores.append(detector.scores(account))
        added = np.asarray(detector.detector_.features(account), "float32")
        added = blame_what_is_not_finite(added, scores[-1], data, raw)
        features.append(added if kind.is_picture else kind.contributions(added))
        residuals.append(last_residuals(account, data.spec.size, channels))
        reasons.append(explainer.of(raw, account))
    return _Examined(
        np.concatenate(scores),
        np.concatenate(features) if kind.is_picture else pd.concat(features, ignore_index=True),
        np.concatenate(residuals),
        Reasons.joined(reasons),
    )


def named(setting: str | dict[str, Any]) -> str:
    """Return the name of a member of a room, followed by its arguments if some are given."""
    if isinstance(setting, str):
        return setting
    arguments = ", ".join(f"{key} {value}" for key, value in setting.items() if key != "name")
    return f"{setting['name']} ({arguments})" if arguments else str(setting["name"])
