"""cross_fitted: accounts of training rows by models that have not seen them."""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from kerasae.applications.anomaly._accounts import account_of
from kerasae.applications.anomaly._labels import normal_rows
from kerasae.codec import Codec
from kerasae.data import NO_ROWS, Data, Examples
from kerasae.models import Autoencoder
from kerasae.training import retrained

#: Largest number of rows whose accounts are kept, evenly spaced.
_ROWS = 20_000


class CrossFitted(NamedTuple):
    """Accounts of training rows, each by a model that was trained on other rows.

    Attributes:
        accounts: Accounts, in the order of the rows where these overlap.
        block: Number of successive rows of the accounts that share numbers.
    """

    accounts: list[dict[str, np.ndarray]]
    block: int


def cross_fitted(
    codec: Codec, data: Data, folds: int, normal: str | int | float | bool | None = None
) -> CrossFitted:
    """Train a model for each fold on the rows of the other folds, and return the accounts of its own rows.

    The folds of windows of a log are contiguous in time, and no window that shares a reading with a window of
    a fold trains its model. Other rows are divided at random, crops by their images. All models have the
    preprocessor of the codec.

    Args:
        codec: Model that `kerasae.train` trained.
        data: Data whose training split is divided.
        folds: Number of folds, from 2. There are fewer if a fold would have fewer windows than two that do
            not overlap.
        normal: Label of the normal rows, which alone have accounts. Defaults to `None`, all rows.

    Raises:
        ValueError: If the codec is no model, its training is not known, or a log is too short.

    Reference: Chernozhukov et al. 2018, *Econometrics Journal* 21(1), for cross-fitting.
    """
    if not isinstance(codec, Autoencoder):
        raise ValueError("`cross_fit` needs a model that can be trained again; leave it out for this codec.")
    rows, block = len(data.train), data.train.block
    step = -(-rows // _ROWS)
    accounts = []
    model = None
    for fold, (held, others) in enumerate(_folds(data, folds)):
        if not len(others):
            raise ValueError(
                f"Expected more than {2 * block - 2} windows that train for `cross_fit`, so that some share "
                f"no reading with others, received {rows}; leave it out, or take shorter windows."
            )
        model = retrained(codec, _training_on(data, data.train.rows(others)), seed=fold, into=model)
        held = held[-(held[0] if len(held) else 0) % step :: step]
        if len(held):
            own = _training_on(data, data.train.rows(held))
            accounts += [account_of(model, data.spec, raw) for raw in normal_rows(own, "train", normal, True)]
    return CrossFitted(accounts, -(-block // step))


def _folds(data: Data, folds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the numbers of the rows of each fold, and of those that share nothing with it, both in order."""
    rows, block = len(data.train), data.train.block
    numbers = np.arange(rows)
    if data.spec.channels:
        for begin, end in itertools.pairwise(_ends(rows, folds, 2 * block)):
            yield numbers[begin:end], numbers[(numbers <= begin - block) | (numbers >= end + block - 1)]
        return
    # Crops of an image belong together: a training draws its crops from anywhere in the image.
    _, groups = np.unique(getattr(data.train, "photos", numbers), return_inverse=True)
    places = np.random.default_rng(0).permutation(groups.max() + 1)[groups]
    for begin, end in itertools.pairwise(_ends(int(groups.max()) + 1, folds, 2)):
        held = (places >= begin) & (places < end)
        yield numbers[held], numbers[~held]


def _ends(count: int, folds: int, least: int) -> np.ndarray:
    """Return the ends of folds of `least` members at least, from 0 to `count`; of two folds in any case."""
    return np.linspace(0, count, max(min(folds, count // least), 2) + 1).astype(int)


def _training_on(data: Data, rows: Examples) -> Data:
    return dataclasses.replace(data, train=rows, validation=NO_ROWS, calibration=NO_ROWS, test=NO_ROWS)
