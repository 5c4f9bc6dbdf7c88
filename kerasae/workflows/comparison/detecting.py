"""Detection of labelled anomalies in a comparison: by models, other codecs, and ways without a code."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from kerasae.applications.anomaly import AnomalyDetector
from kerasae.applications.anomaly.beside import known_truth, simple_detectors
from kerasae.baselines import DetectingBaseline
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.metrics import Entry, Metric, measures_of
from kerasae.metrics.comparison import columns
from kerasae.report.verdicts import verdicts

#: Column of a comparison whose test split has labelled anomalies.
DETECTION = Metric("anomaly_average_precision", "AUC-PR of anomalies", lower=False, digits=3)


def all_columns(entries: Sequence[Entry], data: Data) -> tuple[Metric, ...]:
    """Return the columns of a table, with that of detection if it was measured."""
    measured = any(entry.mean(DETECTION.key) is not None for entry in entries)
    return (*columns(data), DETECTION) if measured else columns(data)


def detection_of(codec: Codec, data: Data, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figure of `DETECTION` for a codec; none if detection cannot be compared.

    The score is the one that the application `anomaly` uses, fitted on the training split. Detection is
    compared for kinds of examples that have ways to detect without a code, if the test split has labelled
    anomalies.

    Args:
        codec: Trained model, or a baseline that is a codec.
        data: Data of the comparison.
        settings: Arguments of the application `anomaly` in the recipe.
    """
    if not DetectingBaseline.all_for(data.spec) or known_truth(data, settings.get("normal")) is None:
        return {}
    detector = AnomalyDetector(codec, **AnomalyDetector.for_baseline({**settings}, codec))
    return _figure(detector.fit_score(data), data, settings)


def detecting_entries(data: Data, settings: Mapping[str, Any]) -> list[Entry]:
    """Return the entries of the ways to detect without a code; none if detection cannot be compared.

    Args:
        data: Data of the comparison.
        settings: Arguments of the application `anomaly` in the recipe.
    """
    if known_truth(data, settings.get("normal")) is None:
        return []
    return [
        Entry(
            name,
            [{**_figure(detector, data, settings), "seconds": 0.0, "seed": None}],
            [],
            np.empty((0, 1), "float32"),
            None,
            baseline=True,
            title=detector.title,
        )
        for name, detector in simple_detectors(data, settings.get("normal")).items()
    ]


def _figure(scorer: Any, data: Data, settings: Mapping[str, Any]) -> dict[str, Any]:
    judged = known_truth(data, settings.get("normal"))
    assert judged is not None
    known, truth = judged
    scores = np.concatenate([scorer.score_samples(raw) for raw in data.test.chunks()])[known]
    return {DETECTION.key: float(average_precision_score(truth, scores))}


def conclusions(entries: Sequence[Entry], data: Data) -> list[tuple[bool, str]]:
    """Return what a comparison shows, in sentences, each with whether it is good news."""
    return [*verdicts(entries, measures_of(data.spec)), *_on_detection(entries)]


def notes_on_detection(entries: Sequence[Entry]) -> list[str]:
    """Return how detection is compared, in a sentence; none if it is not."""
    if all(entry.mean(DETECTION.key) is None for entry in entries):
        return []
    return [
        "AUC-PR of anomalies: average precision of the scores of `apply anomaly` on the windows of the test "
        "split; the label of a window is that of its last reading. Neighbouring windows are not independent, "
        "so no standard error is given."
    ]


def _on_detection(entries: Sequence[Entry]) -> list[tuple[bool, str]]:
    """Return the sentence on who detects best: a model, or something simpler."""
    known = [entry for entry in entries if entry.mean(DETECTION.key) is not None]
    models = [entry for entry in known if not entry.baseline]
    rivals = [entry for entry in known if entry.baseline]
    if not models or not rivals:
        return []
    best, rival = max(models, key=_precision), max(rivals, key=_precision)
    ours, theirs = _precision(best), _precision(rival)
    figures = f"AUC-PR {max(ours, theirs):.3f} against {min(ours, theirs):.3f}"
    if ours > theirs:
        return [(True, f"{best.title} detects the labelled anomalies best, before {rival.title}: {figures}.")]
    return [
        (
            False,
            f"{rival.title} detects the labelled anomalies no worse than the best model, {best.title}: "
            f"{figures}. Simple methods win on many logs.",
        )
    ]


def _precision(entry: Entry) -> float:
    return entry.mean(DETECTION.key) or 0.0
