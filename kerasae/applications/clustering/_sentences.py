"""Sentences and notes of a clustering."""

from collections.abc import Mapping

import numpy as np

from kerasae.applications.clustering._agreement import matched_rows
from kerasae.applications.clustering._methods import Method
from kerasae.report import as_text
from kerasae.report.paired import Paired

#: Silhouette below which the codes have no clear structure (Kaufman and Rousseeuw 1990, table 4).
_STRUCTURE = 0.25


def on_the_number(clusters: int, scores: Mapping[int, float], method: Method) -> tuple[bool, str]:
    """Say which number of clusters was chosen, and whether the codes have clear groups.

    Args:
        clusters: Number of clusters that was chosen.
        scores: Criterion by number of clusters that was tried.
        method: Method with the criterion.
    """
    best = scores[clusters]
    words = (
        f"{clusters} clusters: of {min(scores)} to {max(scores)} the "
        f"{'least' if method.lower else 'greatest'} {method.criterion_name}, {as_text(best)}, on the "
        "training rows"
    )
    at_end = clusters == max(scores) and len(scores) > 1
    words += f"; more than {clusters} were not tried." if at_end else "."
    if not method.lower and best < _STRUCTURE:
        return False, f"{words} Below {_STRUCTURE:g} a silhouette says that there are no clear groups."
    return not at_end, words


def on_the_refinement(
    epochs: int, before: np.ndarray, after: np.ndarray, labels: np.ndarray | None, block: int
) -> list[tuple[bool, str]]:
    """Say what a refinement changed.

    Args:
        epochs: Number of its epochs.
        before: Cluster of each row without it, `(rows,)`.
        after: Cluster of each row with it, `(rows,)`.
        labels: Label of each row, `(rows,)`; `None` without labels.
        block: Number of successive rows that share readings, from 1.
    """
    share = float((after != before).mean())
    words = f"The refinement took {epochs} epochs and moved {share:.1%} of the rows to another cluster."
    if labels is None:
        return [(True, words)]
    with_it, without = (matched_rows(labels, clusters).by_block(block) for clusters in (after, before))
    paired = Paired.of([with_it], [without], lower=False)
    assert paired is not None
    matched = f"Matched accuracy after the refinement: {paired.words('that without it')}."
    return [(True, words), (paired.better, matched)]


def notes(measured: float | None, labelled: bool, refined: bool, manifold: int | None) -> list[str]:
    """Return notes on how the metrics are computed.

    Args:
        measured: Silhouette of the rows; `None` if it is not defined.
        labelled: Whether the rows have labels.
        refined: Whether the model was refined.
        manifold: Number of dimensions of the embedding in which the clusters are sought; `None` without one.
    """
    where = "codes" if manifold is None else "positions on the manifold"
    sentences = [
        "Clusters are found in the codes of the training and the validation rows; the figures are those of "
        "the rows named above."
    ]
    if manifold is not None:
        sentences.append(
            f"The codes are first laid out by UMAP (McInnes et al. 2018) in {manifold} "
            f"dimension{'s' * (manifold > 1)}, those of the baselines too. It keeps neighbours and not "
            "distances: that two clusters lie far apart means nothing, and a silhouette there is higher than "
            "one of codes."
        )
    sentences.append(
        "Silhouette (Rousseeuw 1987): 1 if every row is far nearer to its own cluster than to any other; it "
        f"is measured in the {where} of each model and so does not compare models."
        if measured is not None
        else "The silhouette is left out: it needs rows in at least two clusters, and more rows than that."
    )
    if labelled:
        sentences.append(
            "Adjusted Rand: 1 if the clusters are the labels, 0 for chance. NMI: mutual information over the "
            "mean of the two entropies. Matched accuracy: share of the rows that have the label of their "
            "cluster, each cluster given one label of its own, so that the sum is greatest (the Hungarian "
            "method). Labels are for these figures alone."
        )
    if refined:
        sentences.append("The refinement is of the model alone; baselines are clustered as they are.")
    return sentences
