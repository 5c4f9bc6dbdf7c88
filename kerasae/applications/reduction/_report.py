"""Files, picture and notes of a reduction."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from kerasae.applications._base import row_names
from kerasae.data import Data
from kerasae.living import LivingDecoder, living_decoder
from kerasae.models import Autoencoder
from kerasae.report import figures
from kerasae.report.page import Picture
from kerasae.report.sheet import write_sheet

FILES = ("csv", "parquet")


def write_codes(
    out: Path,
    data: Data,
    codes: np.ndarray,
    rows: np.ndarray,
    places: np.ndarray,
    file: Literal["csv", "parquet"],
) -> None:
    """Write the name, the code, the position on the map and the label of each example.

    Args:
        out: Folder of the file.
        data: Data whose test split holds the examples.
        codes: Codes of all examples, `(examples, latent_dim)`.
        rows: Numbers of the examples on the map, `(rows,)`.
        places: Their positions, `(rows, 2)`.
        file: Format of the file.
    """
    frame = pd.DataFrame(codes, columns=[f"z{number}" for number in range(codes.shape[1])])
    frame.insert(0, "row", row_names(data))
    for number, name in enumerate(("map_x", "map_y")):
        frame[name] = pd.Series(places[:, number], index=rows)
    if data.test.labels is not None:
        frame["label"] = data.test.labels
    if file == "parquet":
        frame.to_parquet(out / "codes.parquet", index=False)
    else:
        write_sheet(frame, out / "codes.csv")


def draw_map(
    path: Path, codes: np.ndarray, places: np.ndarray, labels: np.ndarray | None, method: str
) -> Picture:
    """Draw the map, write it as a PNG file, and return it for the page.

    Args:
        path: Path of the file.
        codes: Codes of the examples on the map, `(rows, latent_dim)`.
        places: Their positions, `(rows, 2)`.
        labels: Their labels, `(rows,)`; `None` without labels.
        method: Name of the map.
    """
    axis = figures.two_dimensions(codes)[1] if method == "code" else method
    drawn = figures.code_maps({method: places}, labels, axis)
    drawn.savefig(path, facecolor="white")
    return Picture("Map", "The examples by their code; colours are labels, which no training saw.", drawn)


def living_map(
    codec: Any,
    data: Data,
    codes: np.ndarray,
    places: np.ndarray,
    labels: np.ndarray | None,
    method: str,
) -> list[LivingDecoder]:
    """Return the map with the decoder at work, if the codec is a model that is small enough for a page.

    Args:
        codec: Codec.
        data: Data whose test split holds the examples.
        codes: Codes of the examples on the map, `(rows, latent_dim)`.
        places: Their positions, `(rows, 2)`.
        labels: Their labels, `(rows,)`; `None` without labels.
        method: Name of the map.
    """
    if not isinstance(codec, Autoencoder):
        return []
    shown = None if method == "code" else places
    part = living_decoder(codec, data, codes, labels, places=shown, axis=method)
    return [] if part is None else [part]


def notes(rows: int) -> list[str]:
    """Return notes on how the metrics are computed, over so many rows."""
    if rows < 3:
        return [f"Trustworthiness and neighbours kept need at least 3 examples, received {rows}."]
    return [
        f"Over {rows:,} rows, drawn where there are more. Trustworthiness (Venna and Kaski 2001): 1 if no "
        "example is near in the code that is not near in x. Neighbours kept: share of the nearest neighbours "
        "in x that are the nearest ones of the code too. Texts are compared by the cosine of TF-IDF."
    ]
