"""Clustering: groups of similar examples, found in their codes without labels."""

from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd

from kerasae.applications._arguments import check_at_least, check_choices, check_counts, check_positive
from kerasae.applications._base import Application, Finding, class_labels, row_names
from kerasae.applications._examples import LEARNT
from kerasae.applications.clustering._agreement import adjusted_rand_rows, agreement, matched_rows
from kerasae.applications.clustering._differences import show_differences, typical_rows
from kerasae.applications.clustering._methods import METHODS, Method, silhouette
from kerasae.applications.clustering._page import nearest_rows, show_clusters, write_centres
from kerasae.applications.clustering._refinement import EmbeddedClustering
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics import codes_of
from kerasae.models import Autoencoder
from kerasae.report import as_text
from kerasae.report.page import Listing, Picture
from kerasae.report.paired import Paired
from kerasae.report.sheet import write_sheet

#: Number of training rows in the sample that describes the clusters.
_DESCRIBED = 10_000
#: Silhouette below which the codes have no clear structure (Kaufman and Rousseeuw 1990, table 4).
_STRUCTURE = 0.25


class Clustering(Application):
    """Groups of similar examples, found in their codes without labels.

    The report writes `clusters.csv` with the cluster of each row and its distance from the centre or its
    probability, and `centres.npz`. For images it decodes the centres into PNG files, for texts into
    `centres.txt`. For tables and vectors `centres.csv` holds the mean of the rows of each cluster, or their
    most frequent value, and the page names the columns in which a cluster differs most from all other rows.
    A refinement also writes the refined model, `refined.keras`.

    Args:
        codec: Codec that maps raw examples to codes.
        method: Clustering method: `"kmeans"`, or `"mixture"`, a mixture of Gaussians with full covariances.
            Defaults to `"kmeans"`.
        clusters: Number of clusters. Defaults to `None`, which tries the numbers from `least` to `greatest`
            and takes the one with the highest silhouette (k-means) or the lowest BIC (mixture) on the
            training rows.
        least: Smallest number of clusters to try, at least 2 for k-means and 1 for a mixture. Defaults to 2.
        greatest: Largest number of clusters to try. Defaults to 20.
        starts: Number of random restarts of the method; the best fit is kept. Defaults to 5.
        refine: Whether to train the model further, so that codes move towards the centres of their clusters
            (deep embedded clustering with the reconstruction loss). It needs an autoencoder of this library.
            Defaults to False.
        weight: Weight of the clustering term in a refinement, above 0. Defaults to 0.1.
        epochs: Largest number of epochs of a refinement. Defaults to 20.
        most: Largest number of rows for a silhouette; more rows are subsampled. Defaults to 3000.
        seed: Seed of the initial centres, the subsample and the refinement. Defaults to 0.

    Attributes:
        clusters_: Number of clusters of the fitted method.
        centres_: Centres of the clusters, `(clusters, latent_dim)`.
        sizes_: Number of training rows in each cluster, `(clusters,)`.
        scores_: Criterion by number of clusters; empty if `clusters` was set.
        codec_: Codec whose codes are clustered: `codec`, or its refined copy.

    Raises:
        ValueError: If a number is out of range, or `refine` is set for a codec that is not an autoencoder.

    Example:
        >>> clusters = Clustering(model, clusters=10).fit(data).predict(data.test.examples)

    Reference: Xie, Girshick, Farhadi 2016, ICML (deep embedded clustering); Rousseeuw 1987, JCAM 20
    (silhouette); Schwarz 1978, Annals of Statistics 6(2) (BIC).
    """

    compares_codes = True
    decisive = ("adjusted Rand",)

    def __init__(
        self,
        codec: Codec,
        *,
        method: Literal["kmeans", "mixture"] = "kmeans",
        clusters: int | None = None,
        least: int = 2,
        greatest: int = 20,
        starts: int = 5,
        refine: bool = False,
        weight: float = 0.1,
        epochs: int = 20,
        most: int = 3000,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        check_counts(starts=starts, epochs=epochs, clusters=clusters)
        check_choices(METHODS, method=method)
        if not METHODS[method].fewest <= least <= greatest:
            raise ValueError(
                f"`least` must be at least {METHODS[method].fewest} and at most `greatest`, received {least} "
                f"and {greatest}."
            )
        check_positive(weight=weight)
        check_at_least(3, most=most)
        if refine and not isinstance(codec, Autoencoder):
            raise ValueError(
                "`refine` must be False for a codec that is not an autoencoder of this library, received "
                f"{type(codec).__name__}."
            )
        self.method = method
        self.clusters = clusters
        self.least = least
        self.greatest = greatest
        self.starts = starts
        self.refine = refine
        self.weight = weight
        self.epochs = epochs
        self.most = most
        self.seed = seed

    @classmethod
    def for_baseline(cls, settings: dict[str, Any], codec: Codec) -> dict[str, Any]:
        return {key: value for key, value in settings.items() if key != "refine"}

    def fit(self, data: Data) -> Self:
        """Cluster the training and the validation rows, without their labels."""
        codes = _codes(self.codec, data)
        method = METHODS[self.method]()
        self.scores_: dict[int, float] = {}
        if self.clusters is None:
            chosen = self._choose(codes, method)
        else:
            chosen = self.clusters
            _check_rows(codes, chosen)
        self.clusters_ = chosen
        self.codec_: Any = self.codec
        self._model = self._first = method.fit(codes, chosen, self.starts, self.seed)
        self.moved_: list[float] = []
        if self.refine:
            refined = EmbeddedClustering(
                self.codec,  # type: ignore[arg-type]  # an Autoencoder, see above
                weight=self.weight,
                epochs=self.epochs,
                seed=self.seed,
            ).fit(data, method.centres(self._first))
            self.codec_, self.moved_ = refined.model_, refined.moved_
            codes = _codes(self.codec_, data)
            self._model = method.fit(codes, chosen, 1, self.seed, refined.centres_)
        self.centres_ = np.asarray(method.centres(self._model), "float32")
        self.sizes_ = np.bincount(self._model.predict(codes), minlength=chosen)
        return self

    def predict(self, raw: Any) -> np.ndarray:
        """Return the cluster of each raw example, from 0, `(rows,)`."""
        return self._model.predict(self.codec_.transform(raw))

    def _choose(self, codes: np.ndarray, method: Method) -> int:
        rows = len(np.unique(codes, axis=0))
        tried = [count for count in range(self.least, self.greatest + 1) if count < rows]
        if not tried:
            raise ValueError(
                f"`least` must be below the number of different codes of the training rows, {rows}, received "
                f"{self.least}."
            )
        for count in tried:
            fitted = method.fit(codes, count, self.starts, self.seed)
            self.scores_[count] = method.criterion(fitted, codes, self.most, self.seed)
        return min(self.scores_, key=lambda count: self.scores_[count] * (1 if method.lower else -1))

    def report(self, data: Data, out: Path | None) -> Finding:
        method = METHODS[self.method]()
        codes = codes_of(self.codec_, data, "test")
        assigned = self._model.predict(codes)
        labels = class_labels(data)
        measured: dict[str, float | int | str | None] = {
            "clusters": self.clusters_,
            "silhouette": silhouette(codes, assigned, self.most, self.seed),
        }
        sentences = []
        by_row = {}
        if labels is not None:
            measured |= agreement(labels, assigned)
            by_row["adjusted Rand"] = [adjusted_rand_rows(labels, assigned)]
        if self.refine:
            before = self._first.predict(codes_of(self.codec, data, "test"))
            share = float((assigned != before).mean())
            words = f"The refinement took {len(self.moved_)} epochs and moved {share:.1%} of the rows"
            sentences.append((True, f"{words} to another cluster."))
            if labels is not None:
                after, without = (matched_rows(labels, clusters) for clusters in (assigned, before))
                paired = Paired.of([after], [without], lower=False)
                assert paired is not None
                words = f"Matched accuracy after the refinement: {paired.words('that without it')}."
                sentences.append((paired.better, words))
        if self.scores_:
            sentences.append(self._words(method))
        pictures: list[Picture] = []
        listings: list[Listing] = []
        if out is not None:
            strength = method.strength(self._model, codes)
            frame = pd.DataFrame({"row": row_names(data), "cluster": assigned, method.heading: strength})
            write_sheet(frame, out / "clusters.csv")
            arrays: dict[str, Any] = {"sizes": self.sizes_, **method.arrays(self._model)}
            np.savez(out / "centres.npz", **arrays)
            if self.refine:
                self.codec_.save(out / "refined.keras")
            rows = None
            if kind_of(data.spec).is_measured:
                rows, known = self._known_rows(data)
                centres = typical_rows(rows, known, self.clusters_)
            else:
                centres = self.codec_.inverse_transform(self.centres_)
            write_centres(centres, self.sizes_, data, out)
            next_to = nearest_rows(codes, assigned, self.centres_, 8 if kind_of(data.spec).is_picture else 2)
            pictures, listings = show_clusters(data, centres, self.sizes_, next_to)
            if rows is not None:
                listings = [show_differences(rows, known, self.sizes_), *listings]
        better = dict.fromkeys([name for name in measured if name not in ("clusters", "silhouette")], False)
        return Finding.of_headings(
            measured,
            better,
            sentences=sentences,
            pictures=pictures,
            listings=listings,
            notes=self._notes(labels is not None),
            chance={"adjusted Rand": 0.0},
            rows=by_row,
            decisive=self.decisive,
        )

    def _known_rows(self, data: Data) -> tuple[pd.DataFrame, np.ndarray]:
        """Return a sample of training rows as a table, and the cluster of each."""
        raw = data.train.drawn(_DESCRIBED, self.seed).examples
        return kind_of(data.spec).as_frame(raw), self.predict(raw)

    def _words(self, method: Method) -> tuple[bool, str]:
        best = self.scores_[self.clusters_]
        words = (
            f"{self.clusters_} clusters: of {min(self.scores_)} to {max(self.scores_)} the "
            f"{'least' if method.lower else 'greatest'} {method.criterion_name}, {as_text(best)}, on the "
            "training rows"
        )
        at_end = self.clusters_ == max(self.scores_) and len(self.scores_) > 1
        words += f"; more than {self.clusters_} were not tried." if at_end else "."
        if not method.lower and best < _STRUCTURE:
            return False, f"{words} Below {_STRUCTURE:g} a silhouette says that there are no clear groups."
        return not at_end, words

    def _notes(self, labelled: bool) -> list[str]:
        notes = [
            "Clusters are found in the codes of the training and the validation rows; the figures are those "
            "of the rows named above.",
            "Silhouette (Rousseeuw 1987): 1 if every row is far nearer to its own cluster than to any other; "
            "it is measured in the codes of each model and so does not compare models.",
        ]
        if labelled:
            notes.append(
                "Adjusted Rand: 1 if the clusters are the labels, 0 for chance. NMI: mutual information over "
                "the mean of the two entropies. Matched accuracy: share of the rows that have the label of "
                "their cluster, each cluster given one label of its own, so that the sum is greatest (the "
                "Hungarian method). Labels are for these figures alone."
            )
        if self.refine:
            notes.append("The refinement is of the model alone; baselines are clustered as they are.")
        return notes


def _codes(codec: Any, data: Data) -> np.ndarray:
    """Return the codes of the training and the validation rows, `(rows, latent_dim)`."""
    return np.concatenate([codes_of(codec, data, split) for split in LEARNT if len(data.split(split))])


def _check_rows(codes: np.ndarray, clusters: int) -> None:
    different = len(np.unique(codes, axis=0))
    if clusters > different:
        raise ValueError(
            f"`clusters` must not exceed the {different} different codes of the training rows, received "
            f"{clusters}."
        )
