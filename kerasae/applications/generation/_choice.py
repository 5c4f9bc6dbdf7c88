"""Choice of the distribution of codes: the prior, or a mixture whose samples are nearer to real rows."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from kerasae.applications._examples import LEARNT
from kerasae.applications.generation._measures import FEWEST
from kerasae.applications.generation._mixture import CodeMixture
from kerasae.applications.generation._sampler import Sampler
from kerasae.applications.generation._space import Space
from kerasae.codec import Codec, HasPosterior, HasPrior
from kerasae.data import Data, drawn_rows
from kerasae.metrics import Difference, codes_of

#: Largest number of rows on each side of a distance; more rows are subsampled.
_MOST = 1000
#: Number of samples that are compared, and number of parts for the standard error.
_COMPARED, _PARTS = 1600, 4


def choose(
    sampler: Sampler,
    codec: Codec,
    data: Data,
    space: Space,
    method: str,
    components: int,
    most: int,
    seed: int,
) -> dict[str, float]:
    """Set a sampler to the prior or to a mixture fitted on codes.

    With `"auto"` a model with a prior draws from it, unless samples of a mixture are nearer to validation
    rows by more than two standard errors over four parts of them.

    Args:
        sampler: Sampler of the codec.
        codec: Codec with the codes.
        data: Data with the training and the validation rows.
        space: Space in which examples have distances.
        method: `"prior"`, `"mixture"` or `"auto"`.
        components: Largest number of components of the mixture.
        most: Largest number of validation rows; more rows are subsampled.
        seed: Seed of the mixture and of the samples.

    Returns:
        Energy distance of the samples from the validation rows, by the name of the distribution; empty if
        there was no choice.
    """
    if method == "mixture" or not isinstance(codec, HasPrior):
        learnt = [split for split in LEARNT if len(data.split(split))]
        sampler.draw_from(_mixture(codec, data, learnt, components, seed), seed)
        return {}
    choosing = data.with_choices().validation
    if method == "prior" or len(choosing) < FEWEST:
        sampler.draw_from(None, seed)
        return {}
    heldout = space.of_raw(choosing.drawn(most, seed).examples)
    mixture = _mixture(codec, data, ["train"], components, seed)
    distances: dict[str, float] = {}
    errors = []
    for candidate in (None, mixture):
        sampler.draw_from(candidate, seed)
        samples = space.of_raw(sampler.sample(_COMPARED, seed + 2))
        parts = [energy_distance(heldout, part) for part in np.array_split(samples, _PARTS)]
        distances[sampler.name] = float(np.mean(parts))
        errors.append(np.std(parts, ddof=1) / np.sqrt(_PARTS))
    prior, mixed = distances.values()
    nearer = Difference(mixed - prior, float(np.hypot(*errors)))
    sampler.draw_from(mixture if nearer.shown and nearer.value < 0 else None, seed)
    return distances


def _mixture(codec: Codec, data: Data, splits: Sequence[str], components: int, seed: int) -> CodeMixture:
    """Return a mixture fitted on the codes of some splits, or on draws of the posterior if it exists."""
    parts = []
    for split in splits:
        if isinstance(codec, HasPosterior):
            chunks = enumerate(data.split(split).chunks())
            parts += [codec.sample_codes(raw, seed + part) for part, raw in chunks]
        else:
            parts.append(codes_of(codec, data, split))
    return CodeMixture(components, seed).fit(np.concatenate(parts))


def energy_distance(real: np.ndarray, samples: np.ndarray) -> float:
    """Return `2 E|X - Y| - E|X - X'| - E|Y - Y'|`, in units of `x`; 0 for equal distributions.

    Args:
        real: Real points, `(rows, features)`.
        samples: Generated points, `(rows, features)`.

    Reference: Székely and Rizzo 2013, *Journal of Statistical Planning and Inference* 143(8).
    """
    real, samples = (points[drawn_rows(len(points), _MOST, seed=0)] for points in (real, samples))
    between = cdist(real, samples).mean()
    # The distance of a row to itself, 0, is left out, so that the size of a sample does not matter.
    within = [
        cdist(points, points).sum() / (len(points) * max(len(points) - 1, 1)) for points in (real, samples)
    ]
    return float(2 * between - sum(within))
