"""Clustering: groups of similar examples, found in their codes without labels."""

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np

from kerasae.applications._arguments import check_at_least, check_choices, check_counts, check_positive
from kerasae.applications._base import Application, Finding, class_labels
from kerasae.applications._examples import learnt_codes
from kerasae.applications._pictures import spec_with_range
from kerasae.applications._pooled import Pooled, compared, note_on_pooling
from kerasae.applications.clustering._agreement import agreement
from kerasae.applications.clustering._checks import check_counts_to_try, check_refinement
from kerasae.applications.clustering._choice import best_number, check_number, criteria
from kerasae.applications.clustering._description import Description
from kerasae.applications.clustering._files import write_arrays, write_centres, write_clusters
from kerasae.applications.clustering._manifold import OnManifold
from kerasae.applications.clustering._methods import METHODS, silhouette
from kerasae.applications.clustering._page import (
    examples_nearest_to,
    nearest_rows,
    show_clusters,
    show_differences,
)
from kerasae.applications.clustering._refinement import EmbeddedClustering
from kerasae.applications.clustering._sentences import notes, on_the_number, on_the_refinement
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics import Metric, codes_of
from kerasae.report.page import Listing, Picture
from kerasae.spec import Spec

#: Number of training rows in the sample that describes the clusters.
_DESCRIBED = 10_000


class Clustering(Application):
    """Groups of similar examples, found in their codes without labels.

    The report writes `clusters.csv` with the cluster of each row, its distance from the centre or its
    probability, and its label if it has one, and `centres.npz`. For images it decodes the centres into PNG
    files, for texts into `centres.txt`. For tables and vectors `centres.csv` holds the mean of the rows of
    each cluster, or their most frequent value, and the page names the columns in which a cluster differs most
    from all other rows. A refinement also writes the refined model, `refined.keras`. `kerasae apply` stores
    the fitted clustering in the run, with a summary of the training rows; a later use loads it.

    Args:
        codec: Codec that maps raw examples to codes.
        method: Clustering method: `"kmeans"`, or `"mixture"`, a mixture of Gaussians with full covariances.
            Defaults to `"kmeans"`.
        clusters: Number of clusters. Defaults to `None`: the numbers from `least` to `greatest` are tried,
            and the one with the highest silhouette (k-means) or the lowest BIC (mixture) on the training rows
            is taken.
        least: Smallest number of clusters to try, at least 2 for k-means and 1 for a mixture. Defaults to 2.
        greatest: Largest number of clusters to try. Defaults to 20.
        starts: Number of random restarts of the method; the best fit is kept. Defaults to 5.
        pool: Statistics of a code that is a map, by which images are compared: `"mean"` of each channel over
            the places, `"moments"`, which adds the standard deviation, or `"whole"`, the map itself, place by
            place. A centre of pooled codes is shown by the training image nearest to it. Defaults to `None`:
            `"moments"` for a map. A code that is a vector is always whole.
        manifold: Number of dimensions of a UMAP embedding of the codes, in which the clusters are sought. It
            joins groups that are long or bent in the code, and takes minutes for 70,000 rows. A centre is
            shown by the training example nearest to it. It needs the package umap-learn. Defaults to `None`:
            clusters are sought in the codes themselves.
        refine: Whether to train the model further, so that codes move towards the centres of their clusters
            (deep embedded clustering with the reconstruction loss). It needs an autoencoder of this library,
            and clusters in whole codes. Defaults to False.
        weight: Weight of the clustering term in a refinement, above 0. Defaults to 0.1.
        epochs: Largest number of epochs of a refinement. Defaults to 20.
        most: Largest number of rows for a silhouette; more rows are subsampled. Defaults to 3000.
        seed: Seed of the initial centres, the subsample and the refinement. Defaults to 0.

    Attributes:
        clusters_: Number of clusters of the fitted method.
        centres_: Centres of the clusters, `(clusters, latent_dim)`.
        sizes_: Number of training rows in each cluster, `(clusters,)`.
        scores_: Criterion by number of clusters; empty if `clusters` was set.
        codec_: Codec whose codes are clustered: `codec`, its pooled codes, their positions on the manifold,
            or its refined copy.

    Raises:
        ValueError: If a number is out of range, or `refine` is set for a codec that cannot be refined.
        ImportError: If `manifold` is set and umap-learn is not installed.

    Example:
        >>> from kerasae.applications import Clustering
        >>> clusters = Clustering(model, clusters=10).fit(data).predict(data.test.examples)

    Reference: Xie, Girshick, Farhadi 2016, ICML (deep embedded clustering); McConville et al. 2019,
    arXiv:1908.05968 (clusters on a manifold); Rousseeuw 1987, JCAM 20 (silhouette); Schwarz 1978, Annals of
    Statistics 6(2) (BIC).
    """

    spec_: Spec
    clusters_: int
    sizes_: np.ndarray

    compares_codes = True
    only_models: ClassVar[tuple[str, ...]] = ("pool", "refine")

    def __init__(
        self,
        codec: Codec,
        *,
        method: Literal["kmeans", "mixture"] = "kmeans",
        clusters: int | None = None,
        least: int = 2,
        greatest: int = 20,
        starts: int = 5,
        pool: Literal["mean", "moments", "whole"] | None = None,
        manifold: int | None = None,
        refine: bool = False,
        weight: float = 0.1,
        epochs: int = 20,
        most: int = 3000,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        check_counts(starts=starts, epochs=epochs, clusters=clusters, manifold=manifold)
        check_choices(METHODS, method=method)
        check_counts_to_try(method, least, greatest)
        check_positive(weight=weight)
        check_at_least(3, most=most)
        self.compared = compared(codec, pool)
        if refine:
            check_refinement(codec, self.compared, manifold)
        self.method = method
        self.clusters = clusters
        self.least = least
        self.greatest = greatest
        self.starts = starts
        self.pool = pool
        self.manifold = manifold
        self.refine = refine
        self.weight = weight
        self.epochs = epochs
        self.most = most
        self.seed = seed

    def fit(self, data: Data) -> Self:
        """Cluster the training and the validation rows, without their labels."""
        self.spec_ = spec_with_range(data)
        codes = learnt_codes(self.compared, data)
        self.codec_: Any = self.compared
        if self.manifold is not None:
            self.codec_ = OnManifold(self.compared, self.manifold).fit(codes, self.seed)
            codes = self.codec_.positions_
        method = METHODS[self.method]
        self.scores_: dict[int, float] = {}
        if self.clusters is None:
            counts = self.least, self.greatest
            self.scores_ = criteria(method, codes, *counts, self.starts, self.most, self.seed)
            self.clusters_ = best_number(self.scores_, method.lower)
        else:
            self.clusters_ = self.clusters
            check_number(codes, self.clusters_)
        self._method = self._first = method().fit(codes, self.clusters_, self.starts, self.seed)
        self.moved_: list[float] = []
        if self.refine:
            model: Any = self.codec
            refinement = EmbeddedClustering(model, weight=self.weight, epochs=self.epochs, seed=self.seed)
            refined = refinement.fit(data, self._first.centres)
            self.codec_, self.moved_ = refined.model_, refined.moved_
            codes = learnt_codes(self.codec_, data)
            self._method = method().fit(codes, self.clusters_, 1, self.seed, refined.centres_)
        self.sizes_ = np.bincount(self._method.predict(codes), minlength=self.clusters_)
        self._description: Description | None = None
        decodes = not isinstance(self.codec_, Pooled | OnManifold)
        self._shown = None if decodes else examples_nearest_to(self.centres_, codes, data)
        self._training = data.train
        return self

    @property
    def centres_(self) -> np.ndarray:
        """Centres of the clusters, `(clusters, latent_dim)`."""
        return np.asarray(self._method.centres, "float32")

    def predict(self, raw: Any) -> np.ndarray:
        """Return the cluster of each raw example, from 0, `(rows,)`."""
        return self._method.predict(self.codec_.transform(raw))

    def _describe(self) -> Description | None:
        """Summarise the clusters of measured rows, at the first call; for other kinds there is no summary."""
        kind = kind_of(self.spec_)
        if self._description is None and kind.is_measured:
            raw = self._training.drawn(_DESCRIBED, self.seed).examples
            self._description = Description.of(kind.as_frame(raw), self.predict(raw), self.clusters_)
        return self._description

    # The command ---------------------------------------------------------------------------------

    def report(self, data: Data, out: Path | None) -> Finding:
        # Pictures have the range of the training images, which may be gone.
        data = dataclasses.replace(data, spec=self.spec_)
        codes = codes_of(self.codec_, data, "test")
        clusters = self._method.predict(codes)
        labels = class_labels(data)
        measured = silhouette(codes, clusters, self.most, self.seed)
        metrics = [
            Metric("clusters", "clusters", self.clusters_),
            Metric("silhouette", "silhouette", measured),
            *([] if labels is None else agreement(labels, clusters)),
        ]
        sentences = []
        if self.refine:
            before = self._first.predict(codes_of(self.compared, data, "test"))
            sentences += on_the_refinement(len(self.moved_), before, clusters, labels, data.test.block)
        if self.scores_:
            sentences.append(on_the_number(self.clusters_, self.scores_, self._method))
        pictures: list[Picture] = []
        listings: list[Listing] = []
        if out is not None:
            pictures, listings = self._write(data, codes, clusters, out)
        decisive = "" if labels is None else "adjusted_rand"
        said = notes(measured, labels is not None, self.refine, self.manifold)
        said += note_on_pooling(self.compared)
        return Finding(metrics, decisive, sentences, pictures, listings, said)

    def _write(
        self, data: Data, codes: np.ndarray, clusters: np.ndarray, out: Path
    ) -> tuple[list[Picture], list[Listing]]:
        """Write the files, and return what the page shows of the clusters."""
        write_clusters(out, data, codes, clusters, self._method)
        write_arrays(out, self._method, self.sizes_)
        if self.refine:
            self.codec_.save(out / "refined.keras")
        description = self._describe()
        centres = self._shown if description is None else description.typical
        if centres is None:
            centres = self.codec_.inverse_transform(self.centres_)
        write_centres(out, data, centres, self.sizes_)
        drawn = kind_of(data.spec).is_picture or data.spec.channels
        nearest = nearest_rows(codes, clusters, self.centres_, 8 if drawn else 2)
        pictures, listings = show_clusters(data, centres, self.sizes_, nearest, decoded=self._shown is None)
        if description is not None:
            listings = [show_differences(description.differences, self.sizes_), *listings]
        return pictures, listings

    # Storage -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        description = self._describe()
        return {
            "clusters": self.clusters_,
            "scores": list(self.scores_.items()),
            "sizes": self.sizes_,
            "moved": self.moved_,
            "method": self._method.state(),
            "shown": self._shown,
            "description": None if description is None else description.state(),
            "manifold": self.codec_.state() if isinstance(self.codec_, OnManifold) else None,
            "refined": {"model": self.codec_, "first": self._first.state()} if self.refine else None,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        method = METHODS[self.method]
        self.clusters_, self.sizes_, self.moved_ = state["clusters"], state["sizes"], state["moved"]
        self.scores_ = dict(state["scores"])
        self.codec_, self._shown = self.compared, state.get("shown")
        if (manifold := state.get("manifold")) is not None:
            self.codec_ = OnManifold.of_state(self.compared, manifold)
        self._method = self._first = method.of_state(state["method"])
        if (refined := state["refined"]) is not None:
            self.codec_, self._first = refined["model"], method.of_state(refined["first"])
        description = state["description"]
        self._description = None if description is None else Description.of_state(description)
