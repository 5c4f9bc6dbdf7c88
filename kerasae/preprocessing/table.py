"""The columns of a table as numbers and codes."""

import dataclasses
import re
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import ops

from kerasae.preprocessing._base import Preprocessor
from kerasae.preprocessing._columns import column_values, restore_column
from kerasae.preprocessing._evidence import gap_evidence, unseen_evidence
from kerasae.preprocessing._gross import Bounds, GrossEntries, may_be_gross, reach, warn_of_gross
from kerasae.preprocessing._raw_types import type_name
from kerasae.registry import did_you_mean
from kerasae.spec import Column, Spec

#: Numbers above which a functional model takes them in one input; and what all numbers are called among
#: columns, of which none has this name.
_MOST_INPUTS, _ALL_NUMBERS = 256, "\0numbers"
#: Entries of a column from which robust statistics are taken: a sample, where there are more.
_SAMPLE = 100_000


@keras.saving.register_keras_serializable(package="kerasae")
class TablePreprocessing(Preprocessor):
    """Numbers and dates standardised, booleans as 0 and 1, categories as codes; NaN for missing.

    `x` has a column for each column of the table that holds any value in training. A category of n
    known values has the codes 1 to n, and 0 for every other. What comes back: numbers within
    rounding, integers and booleans rounded, dates to the second (to the day if all in training
    were days), categories as one of the values known; a column without any value stays missing.

    A few gross errors in the training split do not count in the moments of their column, and a training
    takes them for the furthest of the other entries; see `GrossEntries`. They stay in the data, and come
    back as they were. Without such errors the moments are the plain ones.

    Args:
        spec: of the table.
        scaling: `"standard"`, `(raw - mean) / std`, or `"robust"`, `(raw - median) / (IQR / 1.349)`,
            which outliers do not move; both over the entries that are there. The median and the
            quartiles are those of a sample of 100,000 where there are more.
        max_categories: values of a category that get a code of their own, the most frequent ones.
        centers: of the columns of `spec`, `None` until `fit`.
        scales: of the columns of `spec`, `None` until `fit`.
        steps: to whose multiples a column is rounded on the way back; 0 for none.
        lows: Least number of each column of `spec` that counts in training, `None` until `fit`.
        highs: Greatest number of each column of `spec` that counts in training, `None` until `fit`.
        gross: Number of gross errors of each column of `spec` in training, `None` until `fit`.

    Call arguments:
        inputs: a dict from the name of a column to `(batch,)`: strings for a category, the empty one
            for missing; otherwise float64, NaN for missing; dates as seconds since 1970.

    Returns:
        `x`, `(batch, columns)`, float32.

    Raises:
        ValueError: for a table without a column of the spec, or with values that are not of its kind.

    Warns:
        UserWarning: for columns without values, with a value of their own in most rows, or with gross errors.
    """

    kinds = ("table",)
    blank = float("nan")

    def __init__(
        self,
        spec: Spec | dict[str, Any],
        *,
        scaling: Literal["standard", "robust"] = "standard",
        max_categories: int = 200,
        centers: Sequence[float] | None = None,
        scales: Sequence[float] | None = None,
        steps: Sequence[float] | None = None,
        lows: Sequence[float] | None = None,
        highs: Sequence[float] | None = None,
        gross: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(spec, **kwargs)
        if scaling not in ("standard", "robust"):
            raise ValueError(f"`scaling` must be 'standard' or 'robust', received {scaling!r}.")
        if max_categories < 1:
            raise ValueError(f"`max_categories` must be positive, received {max_categories}.")
        self.scaling = scaling
        self.max_categories = max_categories
        self.centers, self.scales, self.steps = centers, scales, steps
        self.lows, self.highs, self.gross = lows, highs, gross
        # Strings are looked up outside XLA.
        self.supports_jit = False
        self._make_lookups()

    def _make_lookups(self) -> None:
        def lookup(words: Sequence[str], invert: bool) -> keras.layers.Layer:
            return keras.layers.StringLookup(vocabulary=list(words), mask_token="", invert=invert, name=None)

        fitted = [column for column in self.spec.features if column.categories]
        # What stands for a missing entry has the codes behind those of the categories.
        self._lookups = [lookup((*one.categories, *_stand_ins(one)), False) for one in fitted]
        self._inverses = [lookup(one.categories, True) for one in fitted]
        self._numbers = [i for i, one in enumerate(self.spec.features) if one.kind != "category"]
        self._categories = [i for i, one in enumerate(self.spec.features) if one.kind == "category"]

    @property
    def lookups(self) -> list[keras.layers.Layer]:
        return [*self._lookups, *self._inverses]

    # Fitting -------------------------------------------------------------------------------------

    def fit_chunks(self, chunks: Callable[[], Iterable[Any]]) -> "TablePreprocessing":
        found = [_Statistics(column, self.scaling == "robust") for column in self.spec.columns]
        for chunk in chunks():
            tensors = self.tensors(chunk)
            for one in found:
                one.see(tensors[one.column.name])
        self._leave_out_gross(chunks, found)
        columns = tuple(one.fitted(self.max_categories) for one in found)
        gaps = gap_evidence([one.missing for one in found], found[0].missing + found[0].rows)
        columns = tuple(
            dataclasses.replace(column, gap=float(gap), stand_in=one.stand_in())
            for column, gap, one in zip(columns, gaps, found, strict=True)
        )
        for one, column in zip(found, columns, strict=True):
            if column.kind == "empty":
                warnings.warn(
                    f"Column '{column.name}' has no value in the training rows: the model does without "
                    "it, and it comes back empty.",
                    stacklevel=2,
                )
            elif one.nearly_unique(column):
                warnings.warn(
                    f"Column '{column.name}' has a value of its own in most rows, of which "
                    f"{len(column.categories)} are kept: if it is an id, name it with --id {column.name}.",
                    stacklevel=2,
                )
        shape = (sum(column.kind != "empty" for column in columns),)
        if shape == (0,):
            raise ValueError("Expected a table with values, received columns without any.")
        self.spec = Spec("table", shape, "mixed", columns=columns)
        self.centers = [one.center for one in found]
        self.scales = [one.scale for one in found]
        self.steps = [one.step for one in found]
        self.lows = [one.low for one in found]
        self.highs = [one.high for one in found]
        self.gross = [one.gross for one in found]
        self._make_lookups()
        return self

    def _leave_out_gross(self, chunks: Callable[[], Iterable[Any]], found: "list[_Statistics]") -> None:
        """Finds the columns with gross errors, and their moments without them."""
        suspects = {one.column.name: one.suspect() for one in found if one.may_be_gross()}
        for name, values in self._columns_of(chunks, suspects):
            suspects[name].see(values[~np.isnan(values)])
        bounds = {name: bound for name, one in suspects.items() if (bound := one.bounds()) is not None}
        again = {one.column.name: one for one in found if one.column.name in bounds}
        for name, one in again.items():
            one.leave_out(bounds[name])
        for name, values in self._columns_of(chunks, again):
            again[name].see(values)
        warn_of_gross({f"column '{name}'": bound for name, bound in bounds.items()})

    def _columns_of(
        self, chunks: Callable[[], Iterable[Any]], names: Collection[str]
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Some of the columns part by part, as `tensors` gives them."""
        for chunk in chunks() if names else ():
            tensors = self.tensors(chunk)
            yield from ((name, tensors[name]) for name in names)

    # To x ----------------------------------------------------------------------------------------

    def tensors(self, raw: Any) -> dict[str, np.ndarray]:
        if not isinstance(raw, pd.DataFrame | Mapping):
            raise TypeError(
                f"Expected a DataFrame, or a dict of columns, received {type(raw).__name__}; its columns "
                f"are {_listed([column.name for column in self.spec.columns])}."
            )
        names = [column.name for column in self.spec.columns]
        if isinstance(raw, pd.DataFrame):
            raw = named_by_text(raw)
        missing = [name for name in names if name not in raw]
        if missing:
            here = [str(name) for name in raw]
            raise ValueError(
                f"Expected the columns of the training, received a table without {_listed(missing)}; "
                f"{did_you_mean(missing[0], here)}"
            )
        known = set(names)
        extra = [str(name) for name in raw if name not in known]
        if extra:
            warnings.warn(
                f"Columns that the training did not have are ignored: {_listed(extra)}.", stacklevel=2
            )
        values = {
            column.name: column_values(raw[column.name], column)
            for column in self.spec.columns
            if column.kind in ("category", "empty")
        }
        numbers = [column for column in self.spec.columns if column.kind not in ("category", "empty")]
        values |= zip((one.name for one in numbers), _matrix(raw, numbers).T, strict=True)
        return {name: values[name] for name in names}

    def together(self, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        features = self.spec.features
        found = {features[i].name: tensors[features[i].name] for i in self._categories}
        if self._numbers:
            found[_ALL_NUMBERS] = np.stack([tensors[features[i].name] for i in self._numbers], axis=1)
        return found

    def to_x(self, raw: Any, batch_size: int = 8192) -> np.ndarray:
        tensors = self.together(self.tensors(raw))
        centers, scales = self._of_numbers()
        features = self.spec.features
        rows = len(next(iter(tensors.values())))
        if rows == 0:
            raise ValueError("Expected at least one example, received none.")
        x = np.empty((rows, len(features)), "float32")
        if self._numbers:
            # As in `call`.
            x[:, self._numbers] = (tensors[_ALL_NUMBERS] - centers) / scales
        for i, lookup in zip(self._categories, self._lookups, strict=True):
            column = features[i]
            for start in range(0, rows, batch_size):
                part = tensors[column.name][start : start + batch_size]
                x[start : start + batch_size, i] = _codes(lookup(tf.convert_to_tensor(part)), column)
        return x

    @property
    def keys(self) -> dict[str, str]:
        """The key of each column where columns are inputs by name; the name itself if it can be one."""
        return column_keys([column.name for column in self.spec.features])

    @property
    def _together(self) -> str:
        """Name of the one input for all numbers where there are too many for one each; empty otherwise."""
        if len(self._numbers) <= _MOST_INPUTS:
            return ""
        return column_keys(["numbers"], taken=[*self.keys.values()])["numbers"]

    def inputs(self) -> Any:
        """Symbolic columns by key.

        Above 256 numbers, dates and booleans these come in one input, `numbers`, `(batch, columns)`, in the
        order of their columns: Keras takes milliseconds for each input.
        """
        features = self.spec.features
        strings = {self.keys[features[i].name]: "string" for i in self._categories}
        if self._together:
            numbers = {
                self._together: keras.Input((len(self._numbers),), dtype="float64", name=self._together)
            }
            return numbers | {key: keras.Input((), dtype="string", name=key) for key in strings}
        return {
            key: keras.Input((), dtype=strings.get(key, "float64"), name=key) for key in self.keys.values()
        }

    def named(self, inputs: Any) -> Any:
        found = {name: inputs[key] for name, key in self.keys.items() if key in inputs}
        return found | ({_ALL_NUMBERS: inputs[self._together]} if self._together else {})

    def call(self, inputs: Any) -> Any:
        centers, scales = self._of_numbers()
        features = self.spec.features
        parts = []
        if self._numbers:
            if _ALL_NUMBERS in inputs:
                values = inputs[_ALL_NUMBERS]
            else:
                columns = [ops.cast(inputs[features[i].name], "float64") for i in self._numbers]
                values = ops.stack(columns, axis=1)
            values = self._without_sentinels(values)
            parts.append(ops.cast((values - centers) / scales, "float32"))
        for i, lookup in zip(self._categories, self._lookups, strict=True):
            parts.append(_codes(lookup(inputs[features[i].name]), features[i])[:, None])
        x = ops.concatenate(parts, axis=1)
        order = np.argsort([*self._numbers, *self._categories]).astype("int32")
        return x if not self._categories else ops.take(x, order, axis=1)

    def _without_sentinels(self, values: Any) -> Any:
        """Numbers `(batch, columns)` with NaN where one stands for a missing entry."""
        sentinels = [self.spec.features[i].notation.missing_numbers for i in self._numbers]
        for k in range(max(map(len, sentinels))):
            # NaN is equal to nothing.
            one = np.array([found[k] if k < len(found) else np.nan for found in sentinels])
            values = ops.where(ops.equal(values, one), float("nan"), values)
        return values

    # And back ------------------------------------------------------------------------------------

    def inverse(self, x: Any) -> Any:
        """`x` to a dict of columns, as `call` takes them."""
        centers, scales = self._of_numbers()
        features = self.spec.features
        found: dict[str, Any] = {}
        if self._numbers:
            numbers = ops.take(x, np.array(self._numbers, "int32"), axis=1) if self._categories else x
            columns = ops.unstack(ops.cast(numbers, "float64") * scales + centers, axis=1)
            found |= zip((features[i].name for i in self._numbers), columns, strict=True)
        for i, lookup in zip(self._categories, self._inverses, strict=True):
            code = ops.where(ops.isnan(x[:, i]), ops.full_like(x[:, i], -1.0), x[:, i])
            found[features[i].name] = lookup(ops.cast(ops.round(code), "int64") + 1)
        return {column.name: found[column.name] for column in features}

    def restore(self, x: Any, like: pd.DataFrame | None = None) -> pd.DataFrame:
        """`x` to a DataFrame of the same columns and types.

        Args:
            x: `(batch, columns)`.
            like: a table whose types are wanted, in place of those of the training.
        """
        x = ops.convert_to_numpy(x)
        centers, scales = self._of_numbers()
        features = self.spec.features
        numbers = x[:, self._numbers].astype("float64") * scales + centers
        found = {features[i].name: values for i, values in zip(self._numbers, numbers.T, strict=True)}
        for i, lookup in zip(self._categories, self._inverses, strict=True):
            codes = np.where(np.isnan(x[:, i]), -1.0, x[:, i])
            found[features[i].name] = ops.convert_to_numpy(lookup(np.rint(codes).astype("int64") + 1))
        assert self.steps is not None
        # A column without values says nothing of its type.
        given = pd.DataFrame() if like is None else like
        types = {name: type_name(given[name]) for name in given if given[name].notna().any()}
        return pd.DataFrame(
            {
                column.name: restore_column(
                    found.get(column.name), len(x), column, step, types.get(column.name, column.dtype)
                )
                for column, step in zip(self.spec.columns, self.steps, strict=True)
            }
        )

    def _of_numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """Centers and scales of the columns that are no categories, float64."""
        centers, scales = self._moments()
        kinds = [column.kind not in ("category", "empty") for column in self.spec.columns]
        return np.array(centers, "float64")[kinds], np.array(scales, "float64")[kinds]

    def _moments(self) -> tuple[Sequence[float], Sequence[float]]:
        if self.centers is None or self.scales is None:
            raise ValueError("The columns are not known yet; call `fit` with the training examples.")
        return self.centers, self.scales

    def log_volume(self, x: np.ndarray) -> np.ndarray:
        # A boolean and a category have a probability, which no unit changes.
        features = {column.name: column.kind for column in self.spec.features}
        logs = [
            np.log(scale) if features[column.name] in ("number", "date") else 0.0
            for column, scale in zip(self.spec.columns, self._moments()[1], strict=True)
            if column.name in features
        ]
        return np.where(np.isnan(x), 0.0, logs).sum(axis=1)

    # Noise ---------------------------------------------------------------------------------------

    @property
    def ends(self) -> tuple[np.ndarray, np.ndarray] | None:
        if self.lows is None or self.highs is None:
            return None
        centers, scales = self._moments()
        used = [column.kind != "empty" for column in self.spec.columns]
        low, high = (
            (np.array(end) - centers)[used] / np.array(scales)[used] for end in (self.lows, self.highs)
        )
        return low, high

    @property
    def reach(self) -> tuple[np.ndarray, np.ndarray] | None:
        if self.ends is None or self.gross is None:
            return None
        kinds = [column.kind for column in self.spec.columns]
        return reach(
            *self.ends, [one for one, kind in zip(self.gross, kinds, strict=True) if kind != "empty"]
        )

    def _is_code(self) -> np.ndarray:
        return np.array([not column.is_numeric for column in self.spec.features])

    def check_noise(self, continuous: bool) -> None:
        if continuous and self._is_code().all():
            raise ValueError(
                "This corruption needs columns of numbers, received categories and booleans alone; use "
                "--set model.corruption=swap or masking."
            )

    def mend(self, x: Any, noisy: Any, continuous: bool) -> Any:
        return ops.where(self._is_code(), x, noisy) if continuous else noisy

    def build(self, input_shape: Any) -> None:
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (None, *self.spec.shape)

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        return keras.KerasTensor((None, *self.spec.shape), "float32")

    def get_config(self) -> dict[str, Any]:
        names = ("scaling", "max_categories", "centers", "scales", "steps", "lows", "highs", "gross")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own}


def named_by_text(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose columns have texts as names, also where they had numbers, or several levels of names.

    Raises:
        ValueError: if a name stands for more than one column.
    """
    names = pd.Index([str(name) for name in frame.columns], dtype=object)
    repeated = names[names.duplicated()]
    if len(repeated):
        raise ValueError(f"Expected a name of its own for each column, received '{repeated[0]}' twice.")
    return frame.set_axis(names, axis=1)


def column_keys(names: Sequence[str], taken: Sequence[str] = ()) -> dict[str, str]:
    """A key for each column that Keras and TensorFlow take as the name of an input, unlike any other.

    Args:
        names: of the columns.
        taken: keys that are in use already.
    """
    found: dict[str, str] = {}
    used = {key.lower() for key in taken}
    for name in names:
        key = re.sub(r"[^A-Za-z0-9_]", "_", name)
        key = key if re.match(r"[A-Za-z]", key) else f"column_{key}"
        # Keras tells names apart by more than their case alone.
        while key.lower() in used:
            key += "_"
        used.add(key.lower())
        found[name] = key
    return found


def _matrix(raw: Any, columns: Sequence[Column]) -> np.ndarray:
    """Columns that are no categories, `(rows, columns)`, float64, as `column_values` gives each."""
    rows = len(raw) if isinstance(raw, pd.DataFrame) else len(next(iter(raw.values())))
    found = np.empty((rows, len(columns)))
    done = np.zeros(len(columns), bool)
    if isinstance(raw, pd.DataFrame):
        # What is plain goes at once: a column by itself takes longer than its numbers.
        kinds = dict(zip(raw.columns, raw.dtypes, strict=True))
        done[:] = [
            one.kind == "number" and isinstance(kinds[one.name], np.dtype) and kinds[one.name].kind in "fiu"
            for one in columns
        ]
        plain = [one.name for one, is_plain in zip(columns, done, strict=True) if is_plain]
        if plain:
            found[:, done] = raw[plain].to_numpy("float64")
            done[done] = ~np.isinf(found[:, done]).any(axis=0)
            done &= [not one.notation.missing_numbers for one in columns]
    for i in np.flatnonzero(~done).tolist():
        found[:, i] = column_values(raw[columns[i].name], columns[i])
    return found


def _stand_ins(column: Column) -> list[str]:
    """What stands for a missing entry of a category, beside the empty string."""
    return [one for one in column.notation.missing if one not in column.categories]


def _codes(ids: Any, column: Column) -> Any:
    """Ids of a look-up as codes from 0, `(batch,)`, float32, NaN for missing."""
    code = ops.cast(ids, "float32") - 1.0
    missing = (code < 0) | (code > len(column.categories)) if _stand_ins(column) else code < 0
    return ops.where(missing, ops.full_like(code, float("nan")), code)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")


class _Statistics:
    """Moments, a sample and counts of one column, seen part by part."""

    def __init__(self, column: Column, robust: bool) -> None:
        self.column, self.robust = column, robust
        self.missing = self.gross = 0
        self.center, self.scale, self.step = 0.0, 1.0, 0.0
        self._counts: Counter[str] = Counter()
        self._bounds: Bounds | None = None
        self._start()

    def _start(self) -> None:
        """Nothing seen of the numbers."""
        self.rows = 0
        self.low = self.high = 0.0
        self._mean = self._squares = 0.0
        self._keys, self._sample = np.empty(0), np.empty(0)
        self._days = True
        self._draw = np.random.default_rng(0)

    def may_be_gross(self) -> bool:
        """Whether the column can have gross errors at all; most cannot, and are read once."""
        if not self.column.is_numeric or not self.rows:
            return False
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(may_be_gross(self.rows, self.low, self.high, self._mean, self._squares))

    def suspect(self) -> GrossEntries:
        """What finds the gross errors in a second reading."""
        return GrossEntries(self.rows, self._mean, self._squares)

    def leave_out(self, bounds: Bounds) -> None:
        """Begin anew: what is read next counts within bounds alone."""
        self._bounds, self.gross = bounds, bounds.beyond
        self._start()

    def see(self, values: np.ndarray) -> None:
        if self.column.kind == "category":
            present = values[values != ""]
            self._counts.update(present)
            self.rows += len(present)
            self.missing += len(values) - len(present)
            return
        present = values[~np.isnan(values)]
        if self._bounds is None:
            self.missing += len(values) - len(present)
        else:
            present = self._bounds.within(present)
        if not len(present):
            return
        # Chan et al. 1979: moments of two parts make those of the whole.
        with np.errstate(over="ignore", invalid="ignore"):
            mean, rows = present.mean(), self.rows + len(present)
            shift = mean - self._mean
            self._squares += np.square(present - mean).sum() + shift**2 * self.rows * len(present) / rows
        self._mean += shift * len(present) / rows
        self.low = float(min(self.low, present.min()) if self.rows else present.min())
        self.high = float(max(self.high, present.max()) if self.rows else present.max())
        self.rows = rows
        self._days &= bool((present % 86400 == 0).all())
        if self.robust:
            keys = np.concatenate([self._keys, self._draw.random(len(present))])
            sample = np.concatenate([self._sample, present])
            if len(keys) > _SAMPLE:
                kept = np.argpartition(keys, _SAMPLE)[:_SAMPLE]
                keys, sample = keys[kept], sample[kept]
            self._keys, self._sample = keys, sample

    def stand_in(self) -> float | None:
        """The `x` for a missing entry of a column that training never saw without one; otherwise `None`."""
        if self.missing:
            return None
        return {"category": 1.0, "boolean": float(self._mean)}.get(self.column.kind, 0.0)

    def nearly_unique(self, column: Column) -> bool:
        """Whether a category has a value of its own in most rows."""
        return column.kind == "category" and self.rows > 100 and len(self._counts) > self.rows / 2

    def fitted(self, most: int) -> Column:
        """The column with its categories; fills `center`, `scale` and `step`."""
        column = self.column
        if self.rows == 0:
            return dataclasses.replace(column, kind="empty")
        if column.kind == "category":
            known = sorted(self._counts, key=lambda value: (-self._counts[value], value))[:most]
            # Where some values have no code of their own, the model learns how probable they are.
            unseen = unseen_evidence(self._counts.values()) if len(self._counts) <= most else 0.0
            return dataclasses.replace(column, categories=tuple(known), unseen=unseen)
        if column.kind == "boolean":
            self.step = 1.0
            return column
        std = float(np.sqrt(self._squares / self.rows))
        if not np.isfinite(std):
            raise ValueError(
                f"Expected numbers whose squares can be added, received some above 1e150 in column "
                f"'{column.name}'; take their logarithm, or leave the column out with data.drop."
            )
        self.center, self.scale = float(self._mean), std
        if self.robust:
            low, self.center, high = (float(q) for q in np.quantile(self._sample, [0.25, 0.5, 0.75]))
            self.scale = (high - low) / 1.349 or std
        self.scale = self.scale or 1.0
        if column.kind == "date":
            self.step = 86400.0 if self._days else 1.0
        return column
