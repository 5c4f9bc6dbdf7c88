"""Reduction: fewer numbers for other tools, and a map to look at."""

from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import NearestNeighbors

from kerasae.applications._base import Application, Finding, class_labels, row_names
from kerasae.applications._points import as_points
from kerasae.applications.reduction._trust import trustworthiness_rows
from kerasae.codec import Codec
from kerasae.data import Data, drawn_rows
from kerasae.evaluation import codes_of
from kerasae.report import figures
from kerasae.report.page import Picture
from kerasae.report.sheet import write_sheet

_MAPS, _FILES = ("code", "tsne", "umap"), ("csv", "parquet")


class Reduction(Application):
    """Codes for other tools, how well they keep neighbours, and a map in two dimensions.

    Writes `codes.csv` or `codes.parquet` with a row for each example (its name, its code, its place on
    the map, its label where there is one) and `map.png`.

    Args:
        codec: from raw examples to codes.
        neighbours: how many nearest neighbours are compared between examples and codes.
        map: how the code becomes two numbers: `"code"`, its first two principal components (the code
            itself, if it has two); `"tsne"`, scikit-learn's t-SNE; `"umap"`, of the package umap-learn.
        file: `"csv"` or `"parquet"`.
        most: examples that the figures and the map look at, drawn by the seed; all are written.
        seed: of the map and of the examples drawn for it.

    Raises:
        ValueError: for an argument out of range.
        ImportError: for `"umap"` without umap-learn.

    Example:
        >>> codes = Reduction(model).fit(data).transform(data.test.examples)

    Reference: Venna and Kaski 2001, ICANN (trustworthiness).
    """

    decisive = ("trustworthiness",)

    def __init__(
        self,
        codec: Codec,
        *,
        neighbours: int = 10,
        map: Literal["code", "tsne", "umap"] = "code",
        file: Literal["csv", "parquet"] = "csv",
        most: int = 2000,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        if neighbours < 1:
            raise ValueError(f"`neighbours` must be positive, received {neighbours}.")
        if most < 1:
            raise ValueError(f"`most` must be positive, received {most}.")
        for name, value, known in (("map", map, _MAPS), ("file", file, _FILES)):
            if value not in known:
                raise ValueError(f"`{name}` must be one of {', '.join(known)}, received {value!r}.")
        self.neighbours = neighbours
        self.map = map
        self.file = file
        self.most = most
        self.seed = seed

    def fit(self, data: Data) -> Self:
        """Nothing is learnt: the codec is."""
        return self

    def transform(self, raw: Any) -> np.ndarray:
        """Raw examples to codes, `(rows, latent_dim)`."""
        return self.codec.transform(raw)

    def project(self, codes: np.ndarray) -> np.ndarray:
        """Codes `(rows, latent_dim)` to places on a map, `(rows, 2)`."""
        if self.map == "code":
            return figures.two_dimensions(codes)[0]
        if self.map == "tsne":
            perplexity = min(30.0, (len(codes) - 1) / 3)
            # Two components to begin with are more than a code of one number has.
            init: Any = "pca" if codes.shape[1] > 1 else "random"
            return TSNE(perplexity=perplexity, init=init, random_state=self.seed).fit_transform(codes)
        try:
            from umap import UMAP
        except ImportError:
            raise ImportError(
                "`map='umap'` needs the package umap-learn: pip install kerasae[umap]."
            ) from None
        near = min(15, len(codes) - 1)
        # A spectral beginning needs more rows than it has dimensions, and some to spare.
        init = "spectral" if len(codes) > 10 else "random"
        return UMAP(n_neighbors=near, init=init, random_state=self.seed, n_jobs=1).fit_transform(codes)

    def report(self, data: Data, out: Path | None) -> Finding:
        codes = codes_of(self.codec, data, "test")
        rows = drawn_rows(len(codes), self.most, self.seed)
        shown = codes[rows]
        points = as_points(data, data.test.rows(rows))
        k = min(self.neighbours, (len(shown) - 1) // 2)
        kept = trust = None
        by_row = {}
        if k >= 1:
            trust = float(trustworthiness(points, shown, n_neighbors=k))
            by_row[f"trustworthiness ({k})"] = [trustworthiness_rows(points, shown, k)]
            kept = neighbours_kept(points, shown, k)
        found = {
            "code size": codes.shape[1],
            f"trustworthiness ({k})": trust,
            f"neighbours kept ({k})": kept,
        }
        pictures = []
        if out is not None:
            places = self.project(shown) if len(shown) > 2 else np.zeros((len(shown), 2))
            labels = class_labels(data)
            self._write(out, data, codes, places, rows)
            axis = figures.two_dimensions(codes)[1] if self.map == "code" else self.map
            known = None if labels is None else labels[rows]
            drawn = figures.code_maps({self.map: places}, known, axis)
            drawn.savefig(out / "map.png", facecolor="white")
            pictures.append(
                Picture(
                    "Map", "The examples by their code; colours are labels, which no training saw.", drawn
                )
            )
        better = dict.fromkeys([name for name in found if name != "code size"], False)
        return Finding(
            found,
            better,
            pictures=pictures,
            notes=(
                f"Over {len(shown):,} rows, drawn where there are more. Trustworthiness (Venna and Kaski "
                "2001): 1 if no example is near in the code that is not near in x. Neighbours kept: "
                "share of the nearest neighbours in x that are the nearest ones of the code too. Texts are "
                "compared by the cosine of TF-IDF.",
            ),
            rows=by_row,
        )

    def _write(self, out: Path, data: Data, codes: np.ndarray, places: np.ndarray, rows: np.ndarray) -> None:
        frame = pd.DataFrame(codes, columns=[f"z{number}" for number in range(codes.shape[1])])
        frame.insert(0, "row", row_names(data))
        for number, name in enumerate(("map_x", "map_y")):
            frame[name] = pd.Series(places[:, number], index=rows)
        if data.test.labels is not None:
            frame["label"] = data.test.labels
        if self.file == "parquet":
            frame.to_parquet(out / "codes.parquet", index=False)
        else:
            write_sheet(frame, out / "codes.csv")


def neighbours_kept(points: Any, codes: np.ndarray, k: int) -> float:
    """Share of the k nearest neighbours among `points` that are those among `codes` too."""
    near, found = (
        NearestNeighbors(n_neighbors=k).fit(one).kneighbors(return_distance=False) for one in (points, codes)
    )
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(near, found, strict=True)]))
