"""New codes near those of given rows, and the rows they come from."""

from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from kerasae.codec import Codec, HasPosterior
from kerasae.kinds import take


def spread_rows(labels: np.ndarray | None, rows: int, count: int, seed: int) -> np.ndarray:
    """Choose `count` row numbers in which each label keeps its share, to within one row.

    The rows are sorted by label and shuffled within each label. Every `rows / count`-th is taken from a
    random start (systematic sampling), so that each is taken `count / rows` times, rounded up or down.

    Args:
        labels: Labels of the rows, `(rows,)`, or `None`.
        rows: Number of rows to choose from.
        count: Number of rows to choose.
        seed: Seed of the order.
    """
    draw = np.random.default_rng(seed)
    order = draw.permutation(rows)
    if labels is not None:
        order = order[np.argsort(np.asarray(labels)[order].astype(str), kind="stable")]
    # The largest float below a whole number may round up to it.
    places = np.minimum(((np.arange(count) + draw.random()) * rows / count).astype(int), rows - 1)
    return draw.permutation(order[places])


def codes_near(
    codec: Codec, raw: Any, labels: np.ndarray | None, rows: np.ndarray, neighbours: int, seed: int
) -> np.ndarray:
    """Return new codes near those of some rows, `(count, latent_dim)`.

    They are drawn from the posterior of each row if the model has one, and otherwise moved towards a
    neighbour with the same label.

    Args:
        codec: Codec with the codes.
        raw: Raw examples, `(rows, ...)`.
        labels: Labels of the examples, `(rows,)`, or `None`.
        rows: Number of the example for each new code, `(count,)`.
        neighbours: Number of nearest codes among which a neighbour is drawn.
        seed: Seed of the draws.
    """
    if isinstance(codec, HasPosterior):
        return codec.sample_codes(take(raw, rows), seed)
    return towards_neighbours(codec.transform(raw), labels, rows, neighbours, seed)


def towards_neighbours(
    codes: np.ndarray, labels: np.ndarray | None, chosen: np.ndarray, neighbours: int, seed: int
) -> np.ndarray:
    """Return `z + u (z' - z)`, `u ~ U(0, 1)`, with `z'` one of the nearest codes with the same label.

    Args:
        codes: Codes, `(rows, latent_dim)`.
        labels: Labels of the rows, `(rows,)`, or `None`.
        chosen: Numbers of the rows to start from, `(count,)`.
        neighbours: Number of nearest codes among which `z'` is drawn.
        seed: Seed of the draws.

    Reference: Chawla et al. 2002, *JAIR* 16 (SMOTE), there in x.
    """
    draw = np.random.default_rng(seed)
    groups = np.zeros(len(codes), int) if labels is None else np.unique(labels, return_inverse=True)[1]
    moved = np.array(codes[chosen], "float32")
    for group in np.unique(groups[chosen]):
        members = np.flatnonzero(groups == group)
        here = np.flatnonzero(groups[chosen] == group)
        k = min(neighbours, len(members) - 1)
        if k < 1:
            continue
        index = NearestNeighbors(n_neighbors=k + 1).fit(codes[members])
        near = index.kneighbors(codes[chosen[here]], return_distance=False)
        # Rows with the same code come in any order, so a row may be its own neighbour; it then does not move.
        other = members[near[np.arange(len(here)), draw.integers(1, k + 1, len(here))]]
        moved[here] += draw.random((len(here), 1)).astype("float32") * (codes[other] - codes[chosen[here]])
    return moved
