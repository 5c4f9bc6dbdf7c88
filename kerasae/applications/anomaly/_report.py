"""Files, figures and pictures of the anomaly detector."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from kerasae.applications._base import row_names
from kerasae.applications.anomaly._reasons import Reasons
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of, take
from kerasae.losses import HIGHEST
from kerasae.metrics import Metric, auroc_rows, reconstruct
from kerasae.report import as_text, figures, sheet
from kerasae.report.page import Listing, Picture, Place

#: Number of examples, the most abnormal ones, whose reasons are said in a sentence even if none is flagged.
_SAID = 50
#: Largest number of flagged examples on the page.
_SHOWN = 500


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
    data: Data, scores: np.ndarray, p_values: np.ndarray, flagged: np.ndarray, reasons: Reasons
) -> pd.DataFrame:
    """Return a line for each example, the most abnormal one first; the index is the number of the example.

    The columns are `rank`, from 1, `row`, the name, `score`, `p_value`, `anomalous`, the columns of each
    reason, `label` and `text` if there are any, and `because`, a sentence for each flagged example and for
    the first 50.
    """
    frame = pd.DataFrame(
        {"row": row_names(data), "score": scores, "p_value": p_values, "anomalous": flagged.astype(int)}
    )
    frame = pd.concat([frame, reasons.columns()], axis=1)
    for name in [name for name in frame.columns if name.startswith("share_")]:
        frame[name] = np.round(frame[name], 4)
    if data.test.labels is not None:
        frame["label"] = data.test.labels
    if data.spec.vocabulary:
        frame["text"] = np.concatenate([*data.test.chunks()])
    frame = frame.iloc[np.argsort(-scores, kind="stable")]
    said = flagged[frame.index] | (np.arange(len(frame)) < _SAID)
    frame["because"] = [
        reasons.sentence(row) if words else "" for row, words in zip(frame.index, said, strict=True)
    ]
    frame.insert(0, "rank", np.arange(1, len(frame) + 1))
    return frame


def write_files(out: Path, data: Data, rows: pd.DataFrame, added: np.ndarray | pd.DataFrame) -> None:
    """Write scores and contributions, the most abnormal example first.

    Args:
        out: Folder of the files.
        data: Data of the examples.
        rows: Lines of the examples, as from `odd_rows`.
        added: Contributions of pixels to the score, `(rows, features)`; a data frame of them, with a row for
            each example, if these are no pictures.
    """
    sheet.write_sheet(rows, out / "scores.csv")
    if kind_of(data.spec).is_picture:
        shaped = np.asarray(added)[rows.index].reshape(-1, *data.spec.shape)
        np.savez_compressed(out / "contributions.npz", contributions=shaped, row=rows["row"].to_numpy(str))
    else:
        frame = sheet.with_keys(pd.DataFrame(added).iloc[rows.index], {"row": rows["row"]})
        sheet.write_sheet(frame, out / "contributions.csv")


def pictures(
    codec: Codec,
    data: Data,
    rows: pd.DataFrame,
    added: np.ndarray | pd.DataFrame,
    held_out: np.ndarray,
    threshold: float,
    most: int = 10,
) -> tuple[list[Picture], list[Listing]]:
    """Return pictures for the page: a histogram of the scores, and the most abnormal examples."""
    scores = rows["score"].to_numpy()
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
    rows = rows.iloc[: max(most, min(flagged, _SHOWN))]
    oddest = rows.index.to_numpy()
    if kind_of(data.spec).is_picture:
        rows, oddest = rows.iloc[:most], oddest[:most]
        raw = data.examples_at(oddest)
        x, rebuilt = data.to_x(raw), reconstruct(codec, raw)
        heat = np.maximum(np.asarray(added)[oddest], 0.0).reshape(x.shape).sum(axis=-1, keepdims=True)
        shown.append(
            Picture(
                "The oddest images",
                "From the left by falling score: the image, its reconstruction, and where the score comes "
                f"from. In scores.csv: {', '.join(rows['row'])}.",
                figures.heat_rows(x, rebuilt, heat),
            )
        )
        return shown, []
    axis = Axis.of(held_out, scores, threshold)
    return shown, [
        Listing(
            "The oddest rows",
            "By falling score. The reason is the column that adds most; beside it stand the value, the rule "
            "of the training rows that it breaks, if any, the value that the model expects given the rest of "
            "the row, and the share of the score. The dot is the score on a logarithmic scale, beside the "
            "middle 90 % of the calibration rows (band) and the threshold (line). All rows are in "
            "scores.csv.",
            ["rank", "row", "score", "p-value", "flagged", "beside normal rows", "reason", "because of"],
            [_listed(row, axis) for _, row in rows.iterrows()],
            filtered=6,
        )
    ]


class Axis(NamedTuple):
    """Scale on which scores are drawn: the logarithm, from the least calibration score to the highest score.

    Attributes:
        low: Left end, a logarithm.
        high: Right end.
        band: Ends of the middle 90 % of the calibration scores, in [0, 1].
        limit: Place of the threshold, in [0, 1].
        held_out: Calibration scores, sorted.
    """

    low: float
    high: float
    band: tuple[float, float]
    limit: float
    held_out: np.ndarray

    @classmethod
    def of(cls, held_out: np.ndarray, scores: np.ndarray, threshold: float) -> Self:
        """Return the scale for scores, `(rows,)`."""
        usual = np.sort(held_out[held_out < HIGHEST])
        usual = usual if len(usual) else np.array([threshold])
        ends = [*usual[:1], *usual[-1:], threshold, *scores[scores < HIGHEST][:1]]
        low, high = _logarithm(min(ends)), _logarithm(max(ends))
        axis = cls(low, max(high, low + 1e-9), (0.0, 0.0), 0.0, usual)
        band = (axis.at(float(np.quantile(usual, 0.05))), axis.at(float(np.quantile(usual, 0.95))))
        return axis._replace(band=band, limit=axis.at(threshold))

    def at(self, score: float) -> float:
        """Return the place of a score, in [0, 1]."""
        return float(np.clip((_logarithm(score) - self.low) / (self.high - self.low), 0.0, 1.0))

    def place(self, score: float) -> Place:
        """Return the cell of a score."""
        below = int(np.searchsorted(self.held_out, score, side="left"))
        text = f"odder than {below:,} of {len(self.held_out):,} calibration rows"
        return Place.of(text, self.band, self.limit, self.at(score))


def _logarithm(score: float) -> float:
    # A likelihood may be negative; its scale is linear near 0.
    return float(np.arcsinh(score) / np.log(10))


def _listed(row: pd.Series, axis: Axis) -> list[str]:
    flag = "yes" if row["anomalous"] else "no"
    score = "cannot be judged" if row["score"] >= HIGHEST else as_text(row["score"])
    text = f"{row['text']} – " if "text" in row else ""
    cells = [f"{row['rank']:,}", str(row["row"]), score, as_text(row["p_value"], 3), flag]
    return [*cells, axis.place(row["score"]), str(row["reason_1"]), text + row["because"]]
