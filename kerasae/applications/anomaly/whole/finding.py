"""whole_finding_of: what a detector of crops finds in images of any size, with its files and pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kerasae.applications._any_size import with_whole_images
from kerasae.applications._base import Finding, file_names
from kerasae.applications._pictures import png_names, save_png
from kerasae.applications.anomaly._heat import MOST, ODDEST, in_unit, scale_of
from kerasae.applications.anomaly._labels import unlabelled
from kerasae.applications.anomaly._report import detection_metrics
from kerasae.applications.anomaly._sentences import on_flags
from kerasae.applications.anomaly.whole.images import WholeImages
from kerasae.data import Data, has_label
from kerasae.metrics import Metric
from kerasae.report import figures, sheet
from kerasae.report.heat import heat_figure, heat_picture
from kerasae.report.page import Picture

if TYPE_CHECKING:
    from kerasae.applications.anomaly.estimator import AnomalyDetector

#: Pixels on a side of the part of an image that the page shows.
_SHOWN = 256


def whole_finding_of(
    detector: "AnomalyDetector", whole: WholeImages, data: Data, out: Path | None
) -> Finding:
    """Return what a fitted detector finds in the images of the test split of `data`, each as a whole.

    Args:
        detector: Fitted detector.
        whole: Judge of whole images, with its threshold.
        data: Data whose test split holds crops of the images.
        out: Folder for the files; `None` returns only figures.
    """
    test: Any = with_whole_images(data).test
    scores, places = _scored(whole, test)
    flagged = scores > whole.fitted_.threshold_
    truth, known = None, np.ones(len(scores), bool)
    if test.labels is not None:
        known = has_label(test.labels)
        truth = detector.anomalous_labels(test.labels)
    metrics = [
        Metric("threshold", "threshold", whole.fitted_.threshold_),
        Metric("flagged", "flagged", int(flagged.sum())),
        *detection_metrics(scores[known], flagged[known], None if truth is None else truth[known]),
    ]
    if out is None:
        return Finding(metrics, "auroc")
    rows = _rows(test, scores, places, whole.p_values_of(scores), flagged)
    sheet.write_sheet(rows, out / "scores.csv")
    judged = {"calibration images": whole.held_out_, "examples": scores}
    caption = "Share of the images by score, beside the calibration images that the threshold was found from."
    histogram = figures.score_histograms(judged, whole.fitted_.threshold_)
    return Finding(
        metrics,
        "auroc",
        [
            *on_flags(whole.fitted_, int(flagged.sum()), len(scores), "image"),
            *unlabelled(known),
            *detector.doubts,
        ],
        [Picture("Scores", caption, histogram), _pictures(whole, data, test, rows, out)],
        notes=(
            "Each image is judged as a whole, in its own size. Its score is the hottest place of its heat "
            f"map; the threshold is from {len(whole.held_out_):,} whole calibration images. An artifact "
            "judges images of the size of a crop, with the threshold of crops.",
        ),
    )


def _scored(whole: WholeImages, images: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the score of each image, `(images,)`, and row and column of its hottest pixel, `(images, 2)`."""
    scores, places = np.empty(len(images)), np.zeros((len(images), 2), int)
    for number, part in enumerate(images.chunks()):
        heat = whole.heat(part[0])
        places[number] = np.unravel_index(heat.argmax(), heat.shape)
        scores[number] = heat[tuple(places[number])]
    return scores, places


def _rows(
    images: Any, scores: np.ndarray, places: np.ndarray, p_values: np.ndarray, flagged: np.ndarray
) -> pd.DataFrame:
    """Return a line for each image, the most abnormal one first; the index is the number of the image."""
    frame = pd.DataFrame(
        {
            "row": file_names(images),
            "score": scores,
            "p_value": p_values,
            "anomalous": flagged.astype(int),
            "hottest_row": places[:, 0],
            "hottest_column": places[:, 1],
        }
    )
    if images.labels is not None:
        frame["label"] = images.labels
    frame = frame.iloc[np.argsort(-scores, kind="stable")]
    frame.insert(0, "rank", np.arange(1, len(frame) + 1))
    return frame


def _pictures(whole: WholeImages, data: Data, images: Any, rows: pd.DataFrame, out: Path) -> Picture:
    """Write `heat/NAME.png` for the ten oddest images and all flagged ones, at most 500, and draw ten."""
    flagged = int(rows["anomalous"].sum())
    rows = rows.iloc[: min(max(ODDEST, flagged), MOST)]
    limit = scale_of(whole.fitted_.threshold_, rows["score"].to_numpy())
    names = png_names([str(name) for name in rows["row"]])
    page: list[Sequence[np.ndarray]] = []
    chosen = images.rows(rows.index.to_numpy())
    places = rows[["hottest_row", "hottest_column"]].to_numpy()
    for name, place, (image,) in zip(names, places, chosen.chunks(), strict=True):
        seen = whole.see(image)
        shown = np.clip(in_unit(data, seen.x), 0.0, 1.0)
        save_png(out / "heat" / name, heat_picture(shown, seen.heat, limit))
        if len(page) < ODDEST:
            part = tuple(_around(at, length) for at, length in zip(place, seen.heat.shape, strict=True))
            restored = np.clip(in_unit(data, seen.rebuilt[part]), 0.0, 1.0)
            # A part of an array keeps the whole of it in memory.
            page.append((shown[part].copy(), restored, seen.heat[part].copy()))
    originals, remade, heats = ([*part] for part in zip(*page, strict=True))
    caption = (
        f"From the left by falling score: at most {_SHOWN} x {_SHOWN} pixels around the hottest place of the "
        "image, their reconstruction, and the heat map over them. A pixel above 1 exceeds the threshold. In "
        f"scores.csv: {', '.join(rows['row'].astype(str)[:ODDEST])}. The folder heat has {len(rows):,} "
        "pictures of whole images, of the oddest and of those flagged. The bar beside each goes from 0 to "
        "twice the threshold, with a line at the threshold."
    )
    return Picture("The oddest images", caption, heat_figure(originals, remade, heats, limit))


def _around(place: int, length: int) -> slice:
    """Return the pixels around a place along an axis, as many as are shown, within the image."""
    first = min(max(int(place) - _SHOWN // 2, 0), max(length - _SHOWN, 0))
    return slice(first, min(first + _SHOWN, length))
