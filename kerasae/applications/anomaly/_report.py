"""Files, figures and pictures of the anomaly detector."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from kerasae.applications._base import row_names
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of, take
from kerasae.losses import HIGHEST
from kerasae.metrics import Metric, auroc_rows, reconstruct
from kerasae.report import as_text, figures, sheet
from kerasae.report.page import Listing, Picture


def detection_metrics(scores: np.ndarray, flagged: np.ndarray, truth: np.ndarray | None) -> list[Metric]:
    """Return the detection metrics of scores and flags; all are undefined without known truth.

    Args:
        scores: Scores, `(rows,)`.
        flagged: Whether a row is flagged, `(rows,)`.
        truth: Whether a row is an anomaly, `(rows,)`; `None` if this is unknown.
    """
    metrics = [
        Metric("auroc", "AUROC", lower=False),
        Metric("average_precision", "average precision", lower=False),
        Metric("recall", "recall", lower=False),
        Metric("precision", "precision", lower=False),
        Metric("false_alarms", "false alarms", lower=True),
    ]
    if truth is None or truth.all() or not truth.any():
        return metrics
    caught = int((flagged & truth).sum())
    values = (
        roc_auc_score(truth, scores),
        average_precision_score(truth, scores),
        caught / truth.sum(),
        caught / flagged.sum() if flagged.any() else None,
        (flagged & ~truth).sum() / (~truth).sum(),
    )
    metrics = [
        dataclasses.replace(metric, value=None if value is None else float(value))
        for metric, value in zip(metrics, values, strict=True)
    ]
    return [dataclasses.replace(metrics[0], rows=[auroc_rows(truth, scores)]), *metrics[1:]]


def blame_what_is_not_finite(added: np.ndarray, scores: np.ndarray, data: Data, raw: Any) -> np.ndarray:
    """Assign the whole score of a row that cannot be judged to its entries that are not finite.

    One NaN in a row makes its whole reconstruction NaN, so that otherwise every feature would be named.

    Args:
        added: Contribution of each feature to the score, `(rows, features)`.
        scores: Scores of the same rows, `(rows,)`; `HIGHEST` for a row that cannot be judged.
        data: Data of the detector.
        raw: Raw examples.
    """
    unjudged = np.flatnonzero(scores >= HIGHEST)
    if not len(unjudged):
        return added
    x = data.to_x(take(raw, unjudged))
    wrong = ~np.isfinite(np.asarray(x, "float32")).reshape(len(unjudged), -1)
    # Some numbers are finite, but so extreme that the score is not.
    wrong = np.where(wrong.any(axis=1, keepdims=True), wrong, ~np.isfinite(added[unjudged]))
    added = added.copy()
    added[unjudged] = np.where(wrong, HIGHEST / np.maximum(wrong.sum(axis=1, keepdims=True), 1), 0.0)
    return added


def odd_rows(
    data: Data,
    scores: np.ndarray,
    p_values: np.ndarray,
    flagged: np.ndarray,
    added: np.ndarray,
    reasons: int,
) -> pd.DataFrame:
    """Return a row for each example: name, score, p-value, flag, main features, and label."""
    names = _names(data)
    count = min(reasons, added.shape[1])
    order = np.argsort(-added, axis=1, kind="stable")[:, :count]
    # A density may exceed 1, so a contribution may be negative: shares are of the positive ones.
    speaks = np.maximum(added.astype("float64"), 0.0)
    share = np.take_along_axis(speaks, order, axis=1) / np.maximum(speaks.sum(axis=1, keepdims=True), 1e-30)
    frame = pd.DataFrame(
        {"row": row_names(data), "score": scores, "p_value": p_values, "anomalous": flagged.astype(int)}
    )
    for number in range(count):
        frame[f"reason_{number + 1}"] = names[
            np.arange(len(added)) if len(names) > 1 else 0, order[:, number]
        ]
        frame[f"share_{number + 1}"] = np.round(share[:, number], 4)
    if data.test.labels is not None:
        frame["label"] = data.test.labels
    if data.spec.vocabulary:
        frame["text"] = np.concatenate([*data.test.chunks()])
    return frame


def _names(data: Data) -> np.ndarray:
    """Return the feature names, `(1, features)`; for texts the words, `(rows, positions)`."""
    if not data.spec.vocabulary:
        return np.array([kind_of(data.spec).feature_names], dtype=object)
    words = np.array(["", "[UNK]", "[END]", *data.spec.vocabulary[3:]], dtype=object)
    return words[data.x("test").astype(int)]


def write_files(out: Path, data: Data, rows: pd.DataFrame, added: np.ndarray) -> None:
    """Write scores and contributions of the features, the most abnormal example first."""
    order = np.argsort(-rows["score"].to_numpy(), kind="stable")
    rows, added = rows.iloc[order].reset_index(drop=True), added[order]
    sheet.write_sheet(rows, out / "scores.csv")
    if kind_of(data.spec).is_picture:
        shaped = added.reshape(-1, *data.spec.shape)
        np.savez_compressed(out / "contributions.npz", contributions=shaped, row=rows["row"].to_numpy(str))
    else:
        frame = pd.DataFrame(added, columns=kind_of(data.spec).feature_names)
        frame.insert(0, "row", rows["row"])
        sheet.write_sheet(frame, out / "contributions.csv")


def pictures(
    codec: Codec,
    data: Data,
    rows: pd.DataFrame,
    scores: np.ndarray,
    added: np.ndarray,
    held_out: np.ndarray,
    threshold: float,
    most: int = 10,
) -> tuple[list[Picture], list[Listing]]:
    """Return pictures for the page: a histogram of the scores, and the most abnormal examples."""
    judged = {
        name: values[values < HIGHEST]
        for name, values in (("calibration rows", held_out), ("examples", scores))
    }
    left_out = int((scores >= HIGHEST).sum())
    caption = "Share of the examples by score, beside the calibration rows that the threshold was found from."
    if left_out:
        caption += f" Without {left_out:,} that cannot be judged."
    shown = []
    if any(len(values) for values in judged.values()):
        shown = [Picture("Scores", caption, figures.score_histograms(judged, threshold))]
    flagged = int((scores > threshold).sum())
    oddest = np.argsort(-scores, kind="stable")[: max(most, min(flagged, 50))]
    if kind_of(data.spec).is_picture:
        oddest = oddest[:most]
        raw = data.examples_at(oddest)
        x, rebuilt = data.to_x(raw), reconstruct(codec, raw)
        heat = np.maximum(added[oddest], 0.0).reshape(x.shape).sum(axis=-1, keepdims=True)
        shown.append(
            Picture(
                "The oddest images",
                "From the left by falling score: the image, its reconstruction, and where the score comes "
                f"from. In scores.csv: {', '.join(rows['row'].iloc[oddest])}.",
                figures.heat_rows(x, rebuilt, heat),
            )
        )
        return shown, []
    return shown, [
        Listing(
            "The oddest rows",
            "By falling score, with the features that add most and their values; all are in scores.csv.",
            ["row", "score", "p-value", "flagged", "because of"],
            _listed(data, rows, oddest),
        )
    ]


def _listed(data: Data, rows: pd.DataFrame, oddest: np.ndarray) -> list[list[str]]:
    raw = data.examples_at(oddest)
    lines = []
    for place, number in enumerate(oddest):
        row = rows.iloc[number]
        example = take(raw, place)
        reasons = []
        for key in [name for name in rows.columns if name.startswith("reason_")]:
            name, share = row[key], row[key.replace("reason", "share")]
            reasons.append(f"{name}{_value(data, example, name)} ({share:.0%})")
        text = f"{example} – " if data.spec.vocabulary else ""
        flag = "yes" if row["anomalous"] else "no"
        score = "cannot be judged" if row["score"] >= HIGHEST else as_text(row["score"])
        cells = [str(row["row"]), score, as_text(row["p_value"], 3), flag]
        lines.append([*cells, text + ", ".join(reasons)])
    return lines


def _value(data: Data, example: Any, name: str) -> str:
    if data.spec.columns:
        value = example[name]
        return " missing" if pd.isna(value) else f" = {as_text(value)}"
    if kind_of(data.spec).is_array:
        flat, number = np.ravel(example), int(name.rpartition(" ")[2])
        return f" = {as_text(flat[number])}"
    return ""
