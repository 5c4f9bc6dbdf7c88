"""Heat maps of images: a picture file for each odd image, and the oddest ones on the page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kerasae.applications._pictures import png_names, save_png
from kerasae.applications.anomaly._accounts import account_of
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.losses import HIGHEST
from kerasae.metrics import reconstruct
from kerasae.report.heat import heat_figure, heat_picture
from kerasae.report.page import Picture

if TYPE_CHECKING:
    from kerasae.applications.anomaly.estimator import AnomalyDetector

#: Number of the oddest images that get a picture even if none is flagged, and that stand on the page.
ODDEST = 10
#: Largest number of pictures.
MOST = 500
#: Number of images that are computed at once.
_AT_ONCE = 16


def has_heat(detector: "AnomalyDetector", data: Data) -> bool:
    """Return whether the score of a detector has a heat map of the examples, which are images then."""
    if not kind_of(data.spec).is_picture:
        return False
    return "heat" in detector.detector_.maps(account_of(detector.codec, data.spec, data.examples_at([0])))


def heat_pictures(detector: "AnomalyDetector", data: Data, rows: pd.DataFrame, out: Path) -> list[Picture]:
    """Write `heat/NAME.png` for the ten oddest images and all flagged ones, at most 500, and draw ten.

    A picture has the size of its image, with a bar of the scale beside it.

    Args:
        detector: Fitted detector whose score has a map.
        data: Data whose test split holds the images.
        rows: Result of `odd_rows`, the most abnormal image first.
        out: Folder of the report.

    Returns:
        The picture for the page.
    """
    flagged = int(rows["anomalous"].sum())
    rows = rows.iloc[: min(max(ODDEST, flagged), MOST)]
    paths = [out / "heat" / name for name in png_names([str(name) for name in rows["row"]])]
    limit = scale_of(detector.threshold_, rows["score"].to_numpy())
    page: list[Sequence[np.ndarray]] = []
    for start in range(0, len(rows), _AT_ONCE):
        raw = data.examples_at(rows.index.to_numpy()[start : start + _AT_ONCE])
        heat = np.asarray(detector.detector_.maps(account_of(detector.codec, data.spec, raw))["heat"])
        heat = np.nan_to_num(heat, nan=HIGHEST, posinf=HIGHEST)
        x, rebuilt = data.to_x(raw), reconstruct(detector.codec, raw)
        images = np.nan_to_num(np.clip(in_unit(data, x), 0.0, 1.0))
        for path, image, warmth in zip(paths[start : start + _AT_ONCE], images, heat, strict=True):
            save_png(path, heat_picture(image, warmth, limit))
        restored = np.clip(in_unit(data, rebuilt), 0.0, 1.0)
        # A part of an array keeps the whole of it in memory.
        page += [
            tuple(part[row].copy() for part in (images, restored, heat))
            for row in range(min(len(images), ODDEST - len(page)))
        ]
    written = f"{len(rows):,} pictures are in the folder heat, of the oddest images and of those flagged"
    written += "." if flagged <= MOST else f", the first {MOST:,} of {flagged:,}."
    originals, remade, heats = ([*part] for part in zip(*page, strict=True))
    figure = heat_figure(originals, remade, heats, limit)
    caption = (
        "From the left by falling score: the image, its reconstruction, and its heat map over it. A pixel "
        f"above 1 exceeds the threshold. In scores.csv: {', '.join(rows['row'].astype(str)[:ODDEST])}. "
        f"{written} The bar beside each goes from 0 to twice the threshold, with a line at the threshold."
    )
    return [Picture("The oddest images", caption, figure)]


def scale_of(threshold: float, scores: np.ndarray) -> float:
    """Return the heat that the middle of the scale stands for: the threshold, if it is a positive number."""
    if np.isfinite(threshold) and 0 < threshold < HIGHEST:
        return threshold
    judged = scores[scores < HIGHEST]
    return max(float(judged.max(initial=0.0)), 1e-12)


def in_unit(data: Data, x: np.ndarray) -> np.ndarray:
    """Return `x` scaled to [0, 1] by the ends of the training data, float32."""
    ends = None if data.preprocessor is None else data.preprocessor.ends
    low, high = (np.asarray(end, "float32") for end in ((0.0, 1.0) if ends is None else ends))
    return np.asarray((x - low) / (high - low + np.float32(1e-12)), "float32")
