"""Dimensionality reduction: codes for other tools, and a map in two dimensions."""

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from sklearn.manifold import trustworthiness

from kerasae.applications._arguments import check_choices, check_counts
from kerasae.applications._base import Application, Finding, class_labels
from kerasae.applications._points import Points
from kerasae.applications._pooled import compared, note_on_pooling
from kerasae.applications.reduction._maps import MAPS
from kerasae.applications.reduction._report import FILES, draw_map, living_map, notes, write_codes
from kerasae.applications.reduction._trust import neighbours_kept, trustworthiness_rows
from kerasae.codec import Codec
from kerasae.data import Data, drawn_rows
from kerasae.metrics import Metric, codes_of
from kerasae.report.page import Part
from kerasae.spec import Spec


class Reduction(Application):
    """Codes for other tools, how well they preserve neighbours, and a map in two dimensions.

    The report writes `codes.csv` or `codes.parquet` with one row for each example: its name, its code, its
    position on the map, and its label if it has one. It also writes `map.png`. `kerasae apply` stores in the
    run how rare the words of the training texts are; for other kinds of examples there is nothing to store.

    Args:
        codec: Codec that maps raw examples to codes.
        neighbours: Number of nearest neighbours that are compared between examples and codes. Defaults to 10.
        map: Method that maps codes to two dimensions: `"code"`, the first two principal components of the
            code (the code itself, if it has two numbers); `"tsne"`, t-SNE of scikit-learn; `"umap"`, UMAP of
            the package umap-learn. Defaults to `"code"`.
        file: File format of the codes, `"csv"` or `"parquet"`. Defaults to `"csv"`.
        pool: Statistics of a code that is a map, which are the code of an image here: `"mean"` of each
            channel over the places, `"moments"`, which adds the standard deviation, or `"whole"`, the map
            itself, place by place. Defaults to `None`: `"moments"` for a map. A code that is a vector is
            always whole.
        most: Largest number of examples for the figures and the map; more examples are subsampled. The codes
            of all examples are written. Defaults to 2000.
        seed: Seed of the map and of the subsample. Defaults to 0.

    Raises:
        ValueError: If an argument is out of range.
        ImportError: If `map` is `"umap"` and umap-learn is not installed.

    Example:
        >>> from kerasae.applications import Reduction
        >>> codes = Reduction(model).fit(data).transform(data.test.examples)

    Reference: Venna and Kaski 2001, ICANN (trustworthiness).
    """

    spec_: Spec

    only_models: ClassVar[tuple[str, ...]] = ("pool",)
    only_reported: ClassVar[tuple[str, ...]] = ("neighbours", "map", "file", "pool", "most", "seed")

    def __init__(
        self,
        codec: Codec,
        *,
        neighbours: int = 10,
        map: Literal["code", "tsne", "umap"] = "code",
        file: Literal["csv", "parquet"] = "csv",
        pool: Literal["mean", "moments", "whole"] | None = None,
        most: int = 2000,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        check_counts(neighbours=neighbours, most=most)
        check_choices(MAPS, map=map)
        check_choices(FILES, file=file)
        self.compared = compared(codec, pool)
        self.neighbours = neighbours
        self.map = map
        self.file = file
        self.pool = pool
        self.most = most
        self.seed = seed

    def fit(self, data: Data) -> Self:
        """Learn what makes examples points, with distances to compare codes with; the codec is fitted."""
        self.spec_ = data.spec
        self._points = Points().fit(data)
        return self

    def transform(self, raw: Any) -> np.ndarray:
        """Encode raw examples as codes, `(rows, latent_dim)`; maps are pooled."""
        return self.compared.transform(raw)

    def project(self, codes: np.ndarray) -> np.ndarray:
        """Map codes, `(rows, latent_dim)`, to positions in two dimensions, `(rows, 2)`."""
        return MAPS[self.map](codes, self.seed)

    def report(self, data: Data, out: Path | None) -> Finding:
        codes = codes_of(self.compared, data, "test")
        rows = drawn_rows(len(codes), self.most, self.seed)
        metrics = [
            Metric("code_size", "code size", codes.shape[1]),
            *self._measure(codes[rows], self._points.of(data, data.test.rows(rows))),
        ]
        pictures: list[Part] = []
        if out is not None:
            labels = class_labels(data)
            places = self.project(codes[rows]) if len(rows) > 2 else np.zeros((len(rows), 2))
            write_codes(out, data, codes, rows, places, self.file)
            known = None if labels is None else labels[rows]
            pictures = [draw_map(out / "map.png", codes[rows], places, known, self.map)]
            pictures += living_map(self.compared, data, codes[rows], places, known, self.map)
        said = notes(len(rows)) + note_on_pooling(self.compared)
        return Finding(metrics, "trustworthiness", pictures=pictures, notes=said)

    def _measure(self, codes: np.ndarray, points: np.ndarray) -> list[Metric]:
        """Return how well codes preserve the neighbours among points; undefined for fewer than three rows."""
        k = min(self.neighbours, (len(codes) - 1) // 2)
        trust = kept = None
        rows = []
        if k >= 1:
            trust = float(trustworthiness(points, codes, n_neighbors=k))
            kept = neighbours_kept(points, codes, k)
            rows = [trustworthiness_rows(points, codes, k)]
        return [
            Metric("trustworthiness", f"trustworthiness ({k})", trust, lower=False, rows=rows),
            Metric("neighbours_kept", f"neighbours kept ({k})", kept, lower=False),
        ]

    def state(self) -> dict[str, Any]:
        return {"points": self._points.state()}

    def set_state(self, state: dict[str, Any]) -> None:
        self._points = Points.of_state(state["points"])
