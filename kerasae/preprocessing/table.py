"""The columns of a table as numbers and codes."""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
import pandas as pd
from keras import ops

from kerasae.preprocessing._base import Preprocessor
from kerasae.preprocessing._raw_types import as_type, plain, type_name
from kerasae.registry import did_you_mean
from kerasae.spec import Column, Spec

#: Entries of a column from which robust statistics are taken: a sample, where there are more.
_SAMPLE = 100_000


@keras.saving.register_keras_serializable(package="kerasae")
class TablePreprocessing(Preprocessor):
    """Numbers and dates standardised, booleans as 0 and 1, categories as codes; NaN for missing.

    `x` has a column for each column of the table that holds any value in training. A category of n
    known values has the codes 1 to n, and 0 for every other. What comes back: numbers within
    rounding, integers and booleans rounded, dates to the second (to the day if all in training
    were days), categories as one of the values known; a column without any value stays missing.

    Args:
        spec: of the table.
        scaling: `"standard"`, `(raw - mean) / std`, or `"robust"`, `(raw - median) / (IQR / 1.349)`,
            which outliers do not move; both over the entries that are there. The median and the
            quartiles are those of a sample of 100,000 where there are more.
        max_categories: values of a category that get a code of their own, the most frequent ones.
        centers: of the columns of `spec`, `None` until `fit`.
        scales: of the columns of `spec`, `None` until `fit`.
        steps: to whose multiples a column is rounded on the way back; 0 for none.
        lows: Least number of each column of `spec` in training, `None` until `fit`.
        highs: Greatest number of each column of `spec` in training, `None` until `fit`.

    Call arguments:
        inputs: a dict from the name of a column to `(batch,)`: strings for a category, the empty one
            for missing; otherwise float64, NaN for missing; dates as seconds since 1970.

    Returns:
        `x`, `(batch, columns)`, float32.

    Raises:
        ValueError: for a table without a column of the spec, or with values that are not of its kind.
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
        self.lows, self.highs = lows, highs
        # Strings are looked up outside XLA.
        self.supports_jit = False
        self._make_lookups()

    def _make_lookups(self) -> None:
        def lookup(column: Column, invert: bool) -> keras.layers.Layer:
            return keras.layers.StringLookup(
                vocabulary=list(column.categories), mask_token="", invert=invert, name=None
            )

        fitted = [column for column in self.spec.features if column.categories]
        self._lookups = [lookup(column, False) for column in fitted]
        self._inverses = [lookup(column, True) for column in fitted]

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
        columns = tuple(one.fitted(self.max_categories) for one in found)
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
        self._make_lookups()
        return self

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
        extra = [str(name) for name in raw if name not in names]
        if extra:
            warnings.warn(
                f"Columns that the training did not have are ignored: {_listed(extra)}.", stacklevel=2
            )
        return {column.name: column_values(raw[column.name], column) for column in self.spec.columns}

    @property
    def keys(self) -> dict[str, str]:
        """The key of each column where columns are inputs by name; the name itself if it can be one."""
        return column_keys([column.name for column in self.spec.features])

    def inputs(self) -> Any:
        kinds = {column.name: column.kind for column in self.spec.features}
        return {
            key: keras.Input((), dtype="string" if kinds[name] == "category" else "float64", name=key)
            for name, key in self.keys.items()
        }

    def named(self, inputs: Any) -> Any:
        return {name: inputs[key] for name, key in self.keys.items()}

    def call(self, inputs: Any) -> Any:
        centers, scales = self._moments()
        lookups = iter(self._lookups)
        found = []
        for column, center, scale in zip(self.spec.columns, centers, scales, strict=True):
            if column.kind == "empty":
                continue
            if column.kind == "category":
                code = ops.cast(next(lookups)(inputs[column.name]), "float32") - 1.0
                found.append(ops.where(code < 0, ops.full_like(code, float("nan")), code))
            else:
                value = (ops.cast(inputs[column.name], "float64") - center) / scale
                found.append(ops.cast(value, "float32"))
        return ops.stack(found, axis=1)

    # And back ------------------------------------------------------------------------------------

    def inverse(self, x: Any) -> Any:
        """`x` to a dict of columns, as `call` takes them."""
        centers, scales = self._moments()
        lookups = iter(self._inverses)
        found, position = {}, 0
        for column, center, scale in zip(self.spec.columns, centers, scales, strict=True):
            if column.kind == "empty":
                continue
            value = x[:, position]
            if column.kind == "category":
                code = ops.where(ops.isnan(value), ops.full_like(value, -1.0), value)
                found[column.name] = next(lookups)(ops.cast(ops.round(code), "int64") + 1)
            else:
                found[column.name] = ops.cast(value, "float64") * scale + center
            position += 1
        return found

    def restore(self, x: Any, like: pd.DataFrame | None = None) -> pd.DataFrame:
        """`x` to a DataFrame of the same columns and types.

        Args:
            x: `(batch, columns)`.
            like: a table whose types are wanted, in place of those of the training.
        """
        found = {
            name: ops.convert_to_numpy(value)
            for name, value in self.inverse(ops.convert_to_tensor(x)).items()
        }
        assert self.steps is not None
        # A column without values says nothing of its type.
        given = pd.DataFrame() if like is None else like
        types = {name: type_name(given[name]) for name in given if given[name].notna().any()}
        return pd.DataFrame(
            {
                column.name: _restore(
                    found.get(column.name), len(x), column, step, types.get(column.name, column.dtype)
                )
                for column, step in zip(self.spec.columns, self.steps, strict=True)
            }
        )

    def _moments(self) -> tuple[Sequence[float], Sequence[float]]:
        if self.centers is None or self.scales is None:
            raise ValueError("The columns are not known yet; call `fit` with the training examples.")
        return self.centers, self.scales

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

    def _is_code(self) -> np.ndarray:
        return np.array([column.kind not in ("number", "date") for column in self.spec.features])

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
        names = ("scaling", "max_categories", "centers", "scales", "steps", "lows", "highs")
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
    for name in names:
        key = re.sub(r"[^A-Za-z0-9_]", "_", name)
        key = key if re.match(r"[A-Za-z]", key) else f"column_{key}"
        # Keras tells names apart by more than their case alone.
        while key.lower() in {one.lower() for one in (*found.values(), *taken)}:
            key += "_"
        found[name] = key
    return found


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def column_values(series: Any, column: Column) -> np.ndarray:
    """A column as a graph takes it: float64 with NaN, or strings with the empty one for missing."""
    series = plain(pd.Series(series))
    if column.kind in ("category", "empty"):
        if column.kind == "empty":
            return np.full(len(series), np.nan)
        texts = series.astype(object)
        if pd.api.types.is_float_dtype(series.dtype):
            # 3.0 was 3 before a missing entry made the column one of floats.
            # From a list: `map` would make floats of them again.
            whole = [int(v) if v == v and v == int(v) else v for v in texts]
            texts = pd.Series(whole, index=series.index, dtype=object)
        return texts.where(series.notna(), "").map(str).to_numpy(object)
    try:
        if column.kind == "date":
            return date_seconds(series, column.format)
        if series.dtype == object or isinstance(series.dtype, pd.StringDtype):
            series = pd.to_numeric(series.map(_boolean, na_action="ignore"))
        values = series.to_numpy("float64", na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"Expected a {column.kind} in every row of column '{column.name}', received a value that is "
            f"none: {str(error).splitlines()[0]}."
        ) from None
    if np.isinf(values).any():
        warnings.warn(f"Infinite entries of column '{column.name}' count as missing.", stacklevel=2)
    if column.kind == "boolean" and not np.isin(values[~np.isnan(values)], (0, 1)).all():
        raise ValueError(
            f"Expected 0, 1, true or false in column '{column.name}', received "
            f"{values[~np.isnan(values) & ~np.isin(values, (0, 1))][0]:g}."
        )
    return np.where(np.isfinite(values), values, np.nan)


def _boolean(value: Any) -> Any:
    return {"true": 1.0, "false": 0.0}.get(value.strip().lower(), value) if isinstance(value, str) else value


def parse_dates(series: pd.Series, form: str = "", coerce: bool = False) -> pd.Series:
    """Dates in UTC without a zone.

    Args:
        series: of dates, or of strings of one format.
        form: of the strings, as in `strftime`; empty for ISO 8601, which is read in any case.
        coerce: whether what is no date becomes missing; otherwise it is an error.
    """
    if not pd.api.types.is_datetime64_any_dtype(series.dtype):
        texts = series
        errors: Any = "coerce" if coerce else "raise"
        try:
            series = pd.to_datetime(texts, utc=True, format=form or "ISO8601", errors=errors)
        except ValueError:
            if not form:
                raise
            series = pd.to_datetime(texts, utc=True, format="ISO8601")
    if series.dt.tz is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    return series.astype("datetime64[us]")


def date_seconds(series: pd.Series, form: str = "") -> np.ndarray:
    """Dates as seconds since 1970 (UTC where they have a zone), float64, NaN for missing."""
    micro = parse_dates(series, form).to_numpy()
    return np.where(np.isnat(micro), np.nan, micro.astype("int64") / 1e6)


def _restore(values: np.ndarray | None, rows: int, column: Column, step: float, dtype: str) -> pd.Series:
    if values is None:
        dated = "date" in column.dtype or "timestamp" in column.dtype
        return as_type(pd.Series([pd.NaT if dated else np.nan] * rows), column.dtype)
    found = _plain(values, column, step)
    try:
        return as_type(found, dtype)
    except (TypeError, ValueError, AttributeError):
        if dtype == column.dtype:
            raise
        # The type of a table that is not of the training, and cannot hold what the model says.
        return as_type(found, column.dtype)


def _plain(values: np.ndarray, column: Column, step: float) -> pd.Series:
    """Values of a column as floats, dates or texts."""
    if column.kind == "category":
        texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values]
        return pd.Series([text or None for text in texts], dtype=object)
    if step:
        values = np.round(values / step) * step
    if column.kind == "date":
        micro = np.round(values * 1e6)
        stamps = pd.Series(pd.to_datetime(np.nan_to_num(micro).astype("int64"), unit="us")).mask(
            np.isnan(micro)
        )
        texts_of = column.format and column.dtype in ("object", "str")
        return stamps.dt.strftime(column.format) if texts_of else stamps
    return pd.Series(np.clip(values, 0, 1) if column.kind == "boolean" else values)


class _Statistics:
    """Moments, a sample and counts of one column, seen part by part."""

    def __init__(self, column: Column, robust: bool) -> None:
        self.column, self.robust = column, robust
        self.rows = 0
        self.center, self.scale, self.step = 0.0, 1.0, 0.0
        self.low = self.high = 0.0
        self._mean = self._squares = 0.0
        self._counts: Counter[str] = Counter()
        self._keys, self._sample = np.empty(0), np.empty(0)
        self._days = True
        self._draw = np.random.default_rng(0)

    def see(self, values: np.ndarray) -> None:
        if self.column.kind == "category":
            present = values[values != ""]
            self._counts.update(present)
            self.rows += len(present)
            return
        present = values[~np.isnan(values)]
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
            kept = np.argsort(keys)[:_SAMPLE]
            self._keys, self._sample = keys[kept], np.concatenate([self._sample, present])[kept]

    def nearly_unique(self, column: Column) -> bool:
        """Whether a category has a value of its own in most rows."""
        return column.kind == "category" and self.rows > 100 and len(self._counts) > self.rows / 2

    def fitted(self, most: int) -> Column:
        """The column with its categories; fills `center`, `scale` and `step`."""
        column = self.column
        if self.rows == 0:
            return Column(column.name, "empty", column.dtype)
        if column.kind == "category":
            known = sorted(self._counts, key=lambda value: (-self._counts[value], value))[:most]
            return Column(column.name, "category", column.dtype, tuple(known))
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
