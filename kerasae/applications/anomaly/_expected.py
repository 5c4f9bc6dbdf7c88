"""Fit of the expectation of a detector, and the reconstruction that it uses."""

from collections.abc import Callable
from typing import Any

import numpy as np

from kerasae.applications._filling.cells import Cells
from kerasae.codec import Codec, HasLikelihood
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics import reconstruct
from kerasae.scores import Expectation
from kerasae.spec import PADDING, UNKNOWN, Spec

#: Largest number of rows on which the expectation is fitted.
EXPECTED_ROWS = 256
#: Largest number of training rows for the mean that hides an entry.
_FOR_MEAN = 2048
#: Largest number of entries that are reconstructed in a round of the fit. Large images hide few pixels each.
_ENTRIES = 2**22
#: Largest number of hidden entries, but for 32 of each: the spread of an entry is then known to 12 per cent.
_HIDDEN, _OF_EACH = 2**13, 32
#: Number of examples that are reconstructed at once, because the logits of texts are large; more if an
#: example has few entries.
_AT_ONCE, _ENTRIES_AT_ONCE = 512, 2**16
#: Largest number of rounds; one more must reduce the error by at least two per cent.
_ROUNDS, _WORTH = 3, 0.02
#: Number of errors of an entry below which the spread is drawn towards that of all entries.
_FEW = 8


def rebuilder(codec: Codec, spec: Spec) -> Callable[[Any], np.ndarray]:
    """Return a function from `x` to its reconstruction, both `(rows, ...)`, NaN for missing entries."""
    if isinstance(codec, HasLikelihood):
        model: Any = codec

        def once(x: Any) -> np.ndarray:
            return np.asarray(model.decode(model.encode(x)))

    else:
        cells = Cells(spec, codec.preprocessor)

        def once(x: Any) -> np.ndarray:
            return reconstruct(codec, cells.raw(np.asarray(x).reshape(len(x), -1)))

    rows = max(_AT_ONCE, _ENTRIES_AT_ONCE // spec.size)

    def rebuild(x: Any) -> np.ndarray:
        parts = [once(x[start : start + rows]) for start in range(0, len(x), rows)]
        return np.concatenate(parts) if parts else np.asarray(x)

    return rebuild


def fit_expectation(
    expectation: Expectation, data: Data, x: np.ndarray, rebuild: Callable[[Any], np.ndarray]
) -> None:
    """Fit an expectation on rows: one entry of a row is hidden at a time, and compared.

    The number of rounds is the smallest whose error is within two per cent of the smallest error. The spread
    of an entry is the root of its mean squared error. That of a category, boolean or token is 0.

    Args:
        expectation: Expectation, which is changed.
        data: Data of the detector, whose training rows give the mean that hides an entry.
        x: Normal rows, as a network sees them, `(rows, ...)`.
        rebuild: Function from `x` to its reconstruction.

    Raises:
        ValueError: If a reconstruction is not finite.
    """
    spec = data.spec
    expectation.set(_hiding(data), np.zeros(spec.size), 1)
    is_code = np.broadcast_to(kind_of(spec).is_code, (spec.size,))
    row, entry = _pairs(x, is_code)
    if not len(row):
        return
    hide = np.zeros((len(row), 1, spec.size), bool)
    hide[np.arange(len(row)), 0, entry] = True
    truth = x.reshape(len(x), spec.size)[row, entry].astype("float64")
    errors = []
    shown = expectation.filled(x[row], hide, rebuild, 1)
    for rounds in range(1, _ROUNDS + 1):
        if rounds > 1:
            rebuilt = rebuild(np.asarray(shown).reshape(x[row].shape).astype(x.dtype))
            shown = np.where(hide, rebuilt.reshape(hide.shape), shown)
        value = np.asarray(shown)[np.arange(len(row)), 0, entry]
        errors.append(np.where(is_code[entry], np.round(value) != truth, value - truth))
    # One gross error must not choose.
    sizes = [np.mean(np.minimum(np.square(error), 9.0)) for error in errors]
    if not np.isfinite(sizes).all():
        raise ValueError(
            "Expected finite reconstructions of normal rows, received NaN or infinity from the codec; train "
            "it again, with a smaller learning rate."
        )
    rounds = next(number for number, size in enumerate(sizes, 1) if size * (1 - _WORTH) <= min(sizes))
    spread = _spread(np.square(errors[rounds - 1]), entry, spec.size)
    expectation.set(_hiding(data), np.where(is_code, 0.0, spread), rounds)


def _hiding(data: Data) -> np.ndarray:
    """Return the values of `x` that stand for hidden entries, `(features,)`."""
    spec = data.spec
    if kind_of(spec).has_gaps or spec.vocabulary:
        return np.full(spec.size, float(UNKNOWN) if spec.vocabulary else np.nan)
    return data.drawn("train", _FOR_MEAN).x("train").mean(axis=0, dtype="float64").ravel()


def _pairs(x: np.ndarray, is_code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of rows and entries to hide, evenly over the entries; without gaps and padding."""
    rows, features = len(x), len(is_code)
    pairs = min(rows * features, max(_ENTRIES // features, 1), max(_HIDDEN, _OF_EACH * features))
    # Every entry gets about as many rows; their order is random.
    rng = np.random.default_rng(0)
    entry = np.tile(rng.permutation(features), -(-pairs // features))[:pairs]
    turn = np.arange(pairs) // features
    row = (turn + rng.integers(0, max(rows, 1), features)[entry]) % max(rows, 1)
    value = x.reshape(rows, features)[row, entry]
    # Padding has code 0, and so has a category that training never saw.
    known = np.isfinite(value.astype("float64")) & ~(is_code[entry] & (value == PADDING))
    return row[known], entry[known]


def _spread(squares: np.ndarray, entry: np.ndarray, features: int) -> np.ndarray:
    """Return the root of the mean squared error of each entry; few errors are supplemented by the mean."""
    count = np.bincount(entry, minlength=features)
    total = np.bincount(entry, squares, minlength=features)
    added = np.maximum(_FEW - count, 0)
    return np.sqrt((total + added * squares.mean()) / np.maximum(count + added, 1))
