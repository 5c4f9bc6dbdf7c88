"""Files of a clustering: the cluster of each row, and the centres."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.applications._base import row_names
from kerasae.applications._pictures import pixels, raw_range, save_png
from kerasae.applications.clustering._methods import Method
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.report.sheet import with_keys, write_sheet


def write_clusters(out: Path, data: Data, codes: np.ndarray, clusters: np.ndarray, method: Method) -> None:
    """Write the cluster of each example, how strongly it belongs to it, and its label.

    Args:
        out: Folder of the file.
        data: Data whose test split holds the examples.
        codes: Codes of the examples, `(rows, latent_dim)`.
        clusters: Cluster of each example, `(rows,)`.
        method: Fitted method.
    """
    frame = pd.DataFrame(
        {"row": row_names(data), "cluster": clusters, method.heading: method.strength(codes)}
    )
    if data.test.labels is not None:
        frame["label"] = data.test.labels
    write_sheet(frame, out / "clusters.csv")


def write_arrays(out: Path, method: Method, sizes: np.ndarray) -> None:
    """Write what another tool needs to assign a code to a cluster, and the sizes of the clusters."""
    arrays: dict[str, Any] = {"sizes": sizes, **method.arrays()}
    np.savez(out / "centres.npz", **arrays)


def write_centres(out: Path, data: Data, raw: Any, sizes: np.ndarray) -> None:
    """Write the decoded centres, or typical rows of each cluster, in the format for the kind of data."""
    if kind_of(data.spec).is_picture:
        for number, image in enumerate(pixels(raw, *raw_range(data))):
            save_png(out / "centres" / f"{number}.png", image)
    elif data.spec.vocabulary:
        lines = [f"{number}\t{text}" for number, text in enumerate(raw)]
        (out / "centres.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    else:
        keys = {"cluster": range(len(raw)), "training_rows": sizes}
        write_sheet(with_keys(raw, keys), out / "centres.csv")
