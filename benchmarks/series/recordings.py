"""The recordings of SKAB and NAB with their labels."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

#: Columns of a SKAB file that are no channels.
_LABELS = ["anomaly", "changepoint"]


@dataclass(frozen=True)
class Recording:
    """Readings in the order of the file, and whether a row is labelled as an anomaly.

    Attributes:
        name: Name of the file, without its ending.
        stamps: Timestamps, `(rows,)`.
        readings: Readings, `(rows, channels)`, float64.
        anomalous: Labels, `(rows,)`, bool.
    """

    name: str
    stamps: pd.Series
    readings: np.ndarray
    anomalous: np.ndarray


def skab(data: Path, group: str = "valve1") -> Iterator[Recording]:
    """Return the recordings of a group of SKAB, in the order of their numbers.

    Args:
        data: Folder that holds `series/skab`.
        group: Beginning of the file names, up to the underscore. Defaults to `"valve1"`.
    """
    paths = list((data / "series" / "skab").glob(f"{group}_*.csv"))
    for path in sorted(paths, key=lambda path: (_number(path), path.name)):
        table = pd.read_csv(path, sep=";", parse_dates=["datetime"])
        readings = table.drop(columns=["datetime", *_LABELS]).to_numpy("float64")
        yield Recording(path.stem, table["datetime"], readings, table["anomaly"].to_numpy() > 0)


def nab(data: Path, group: str = "realKnownCause") -> Iterator[Recording]:
    """Return the recordings of a group of NAB, in alphabetical order.

    A row is an anomaly if its timestamp lies in a window of `windows.json`, the ends included.

    Args:
        data: Folder that holds `series/nab`.
        group: Beginning of the file names, up to the underscore. Defaults to `"realKnownCause"`.
    """
    folder = data / "series" / "nab"
    windows = json.loads((folder / "windows.json").read_text())
    for path in sorted(folder.glob(f"{group}_*.csv")):
        table = pd.read_csv(path, parse_dates=["timestamp"])
        stamps = table["timestamp"]
        anomalous = np.zeros(len(table), bool)
        for begin, end in windows[path.name]:
            anomalous |= ((stamps >= begin) & (stamps <= end)).to_numpy()
        name = path.stem.removeprefix(f"{group}_")
        yield Recording(name, stamps, table[["value"]].to_numpy("float64"), anomalous)


def _number(path: Path) -> int:
    number = re.search(r"_(\d+)$", path.stem)
    return int(number[1]) if number else -1
