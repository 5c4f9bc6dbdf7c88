"""Dimensionality reduction: codes for other tools, and a map in two dimensions."""

from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import NearestNeighbors

from kerasae.applications._arguments import check_choices, check_counts
from kerasae.applications._base import Application, Finding, class_labels, row_names
from kerasae.applications._points import Points
from kerasae.applications.reduction._trust import trustworthiness_rows
from kerasae.codec import Codec
from kerasae.data import Data, drawn_rows
from kerasae.metrics import codes_of
from kerasae.report import figures
from kerasae.report.page import Picture
from kerasae.report.sheet import write_sheet

_MAPS, _FILES = ("code", "tsne", "umap"), ("csv", "parquet")


class Reduction(Application):
    """Codes for other tools, how well they preserve neighbours, and a map in two dimensions.

    The report writes `codes.csv` or `codes.parquet` with one row for each example: its name, its code, its
    position on the map, and its label if it has one. It also writes `map.png`.

    Args:
        codec: Codec that maps raw examples to codes.
        neighbours: Number of nearest neighbours that are compared between examples and codes. Defaults to 10.
        map: Method that maps codes to two dimensions: `"code"`, the first two principal components of the
            code (the code itself, if it has two numbers); `"tsne"`, t-SNE of scikit-learn; `"umap"`, UMAP of
            the package umap-learn. Defaults to `"code"`.
        file: File format of the codes, `"csv"` or `"parquet"`. Defaults to `"csv"`.
        most: Largest number of examples for the figures and the map; more examples are subsampled. The codes
            of all examples are written. Defaults to 2000.
        seed: Seed of the map and of the subsample. Defaults to 0.

    Raises:
        ValueError: If an argument is out of range.
        ImportError: If `map` is `"umap"` and umap-learn is not installed.

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
        check_counts(neighbours=neighbours, most=most)
        check_choices(_MAPS, map=map)
        check_choices(_FILES, file=file)
        self.neighbours = neighbours
        self.map = map
        self.file = file
        self.most = most
        self.seed = seed

    def fit(self, data: Data) -> Self:
        """Learn what makes examples points; only the codec is fitted."""
        self._points = Points().fit(data)
        return self

    def transform(self, raw: Any) -> np.ndarray:
        """Encode raw examples as codes, `(rows, latent_dim)`."""
        return self.codec.transform(raw)

    def project(self, codes: np.ndarray) -> np.ndarray:
        """Map codes, `(rows, latent_dim)`, to positions in two dimensions, `(rows, 2)`."""
        if self.map == "code":
            return figures.two_dimensions(codes)[0]
        if self.map == "tsne":
            perplexity = min(30.0, (len(codes) - 1) / 3)
            # PCA gives two initial components only for a code of two numbers or more.
            init: Any = "pca" if codes.shape[1] > 1 else "random"
            return TSNE(perplexity=perplexity, init=init, random_state=self.seed).fit_transform(codes)
        try:
            from umap import UMAP
        except ImportError:
            raise ImportError(
                "`map='umap'` needs the package umap-learn: pip install kerasae[umap]."
            ) from None
        near = min(15, len(codes) - 1)
        # The spectral initialization needs clearly more rows than dimensions.
        init = "spectral" if len(codes) > 10 else "random"
        return UMAP(n_neighbors=near, init=init, random_state=self.seed, n_jobs=1).fit_transform(codes)

    def report(self, data: Data, out: Path | None) -> Finding:
        codes = codes_of(self.codec, data, "test")
        rows = drawn_rows(len(codes), self.most, self.seed)
        shown = codes[rows]
        points = self._points.of(data, data.test.rows(rows))
        k = min(self.neighbours, (len(shown) - 1) // 2)
        preserved = trust = None
        by_row = {}
        if k >= 1:
            trust = float(trustworthiness(points, shown, n_neighbors=k))
            by_row[f"trustworthiness ({k})"] = [trustworthiness_rows(points, shown, k)]
            preserved = neighbours_kept(points, shown, k)
        measured = {
            "code size": codes.shape[1],
            f"trustworthiness ({k})": trust,
            f"neighbours kept ({k})": preserved,
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
        better = dict.fromkeys([name for name in measured if name != "code size"], False)
        return Finding.of_headings(
            measured,
            better,
            pictures=pictures,
            notes=(
                f"Over {len(shown):,} rows, drawn where there are more. Trustworthiness (Venna and Kaski "
                "2001): 1 if no example is near in the code that is not near in x. Neighbours kept: "
                "share of the nearest neighbours in x that are the nearest ones of the code too. Texts are "
                "compared by the cosine of TF-IDF.",
            ),
            rows=by_row,
            decisive=self.decisive,
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
    """Return the share of the k nearest neighbours among `points` that are also nearest among `codes`."""
    near, near_codes = (
        NearestNeighbors(n_neighbors=k).fit(rows).kneighbors(return_distance=False)
        for rows in (points, codes)
    )
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(near, near_codes, strict=True)]))
