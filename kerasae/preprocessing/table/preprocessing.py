"""TablePreprocessing: the columns of a table as numbers and codes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import ops

from kerasae.preprocessing._base import Preprocessor
from kerasae.preprocessing._column_names import column_keys
from kerasae.preprocessing._columns import restore_column
from kerasae.preprocessing._gross import reach
from kerasae.preprocessing._raw_types import type_name
from kerasae.preprocessing._table_tensors import table_tensors
from kerasae.preprocessing.table._categories import codes_of, look_up, stand_ins
from kerasae.preprocessing.table._fitting import column_statistics, fitted_columns
from kerasae.spec import Spec

#: Number of numeric columns above which a functional model takes them in one input, and the key of that input
#: among the columns, of which none has this name.
_MOST_INPUTS, _ALL_NUMBERS = 256, "\0numbers"


@keras.saving.register_keras_serializable(package="kerasae")
class TablePreprocessing(Preprocessor):
    """Numbers and dates are standardised, booleans become 0 and 1, categories become codes, missing is NaN.

    `x` has a column for each column of the table that holds any value in training. A category with n known
    values has the codes 1 to n, and 0 for all other values. A restored table has numbers within rounding,
    rounded integers and booleans, dates to the second (or to the day, if all dates in training were days),
    and known values of categories. A column without any value stays missing.

    A few gross errors in the training split do not count in the moments of their column, and a training
    replaces them by the furthest of the other entries; see `GrossEntries`. They stay in the data, and are
    restored unchanged. Without such errors the moments are the plain ones.

    Args:
        spec: Description of the table.
        scaling: Scaling of numbers. `"standard"` is `(raw - mean) / std`; `"robust"` is `(raw - median) /
            (IQR / 1.349)`, which outliers do not affect. Missing entries do not count. Median and quartiles
            are those of a sample of 100,000 if there are more entries. Defaults to `"standard"`.
        max_categories: Greatest number of values of a category that get their own codes, the most frequent
            ones. Defaults to 200.
        centers: Centres of the columns of `spec`. Defaults to `None`, until `fit`.
        scales: Scales of the columns of `spec`. Defaults to `None`, until `fit`.
        steps: Steps of the columns of `spec`. Restored numbers are rounded to multiples of the step, unless
            it is 0. Defaults to `None`, until `fit`.
        lows: Smallest number of each column of `spec` that counts in training. Defaults to `None`, until
            `fit`.
        highs: Greatest number of each column of `spec` that counts in training. Defaults to `None`, until
            `fit`.
        gross: Number of gross errors of each column of `spec` in training. Defaults to `None`, until `fit`.

    Call arguments:
        inputs: Dict from the name of a column to its entries, `(batch,)`. Categories are strings, empty for
            missing. Others are float64, NaN for missing. Dates are seconds since 1970.

    Returns:
        `x`, `(batch, columns)`, float32.

    Raises:
        ValueError: if a table lacks a column of the spec, or has values that are not of its kind.

    Warns:
        UserWarning: if a column has no values, different values in most rows, or gross errors.
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
        fitted = [column for column in self.spec.features if column.categories]
        # What stands for a missing entry has the codes behind those of the categories.
        self._lookups = [look_up((*one.categories, *stand_ins(one))) for one in fitted]
        self._inverses = [look_up(one.categories, invert=True) for one in fitted]
        self._numbers = [i for i, one in enumerate(self.spec.features) if one.kind != "category"]
        self._categories = [i for i, one in enumerate(self.spec.features) if one.kind == "category"]

    @property
    def lookups(self) -> list[keras.layers.Layer]:
        return [*self._lookups, *self._inverses]

    # Fitting -------------------------------------------------------------------------------------

    def fit_chunks(self, chunks: Callable[[], Iterable[Any]]) -> "TablePreprocessing":
        statistics = column_statistics(
            self.spec.columns, lambda: map(self.tensors, chunks()), robust=self.scaling == "robust"
        )
        columns = fitted_columns(statistics, self.max_categories)
        features = sum(column.kind != "empty" for column in columns)
        if not features:
            raise ValueError("Expected a table with values, received columns without any.")
        self.spec = Spec("table", (features,), "mixed", columns=columns)
        self.centers = [one.center for one in statistics]
        self.scales = [one.scale for one in statistics]
        self.steps = [one.step for one in statistics]
        self.lows = [one.low for one in statistics]
        self.highs = [one.high for one in statistics]
        self.gross = [one.gross for one in statistics]
        self._make_lookups()
        return self

    # To x ----------------------------------------------------------------------------------------

    def tensors(self, raw: Any) -> dict[str, np.ndarray]:
        return table_tensors(raw, self.spec.columns)

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
                x[start : start + batch_size, i] = codes_of(lookup(tf.convert_to_tensor(part)), column)
        return x

    @property
    def keys(self) -> dict[str, str]:
        """The key of each column if columns are inputs by name: the name itself if it can be a key."""
        return column_keys([column.name for column in self.spec.features])

    @property
    def _together(self) -> str:
        """Name of the one input for all numbers if they are too many for one each; otherwise empty."""
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
            values = self._with_gaps(values)
            parts.append(ops.cast((values - centers) / scales, "float32"))
        for i, lookup in zip(self._categories, self._lookups, strict=True):
            parts.append(codes_of(lookup(inputs[features[i].name]), features[i])[:, None])
        x = ops.concatenate(parts, axis=1)
        order = np.argsort([*self._numbers, *self._categories]).astype("int32")
        return x if not self._categories else ops.take(x, order, axis=1)

    def _with_gaps(self, values: Any) -> Any:
        """Return numbers `(batch, columns)` with NaN for infinity and for what stands for a missing entry.

        These count as missing in raw examples too.
        """
        values = ops.where(ops.less(ops.abs(values), float("inf")), values, float("nan"))
        sentinels = [self.spec.features[i].notation.missing_numbers for i in self._numbers]
        for k in range(max(map(len, sentinels))):
            # NaN is equal to nothing.
            one = np.array([found[k] if k < len(found) else np.nan for found in sentinels])
            values = ops.where(ops.equal(values, one), float("nan"), values)
        return values

    # And back ------------------------------------------------------------------------------------

    def inverse(self, x: Any) -> Any:
        """Convert `x` to a dict of columns, as `call` takes them."""
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
        """Convert `x` to a DataFrame of the same columns and types.

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
        """Return centres and scales of the columns that are no categories, float64."""
        centers, scales = self._moments()
        numbers = [column.kind not in ("category", "empty") for column in self.spec.columns]
        return np.array(centers, "float64")[numbers], np.array(scales, "float64")[numbers]

    def _moments(self) -> tuple[Sequence[float], Sequence[float]]:
        if self.centers is None or self.scales is None:
            raise ValueError("The columns are not known yet; call `fit` with the training examples.")
        return self.centers, self.scales

    def log_volume(self, x: np.ndarray) -> np.ndarray:
        # A boolean and a category have a probability, which no unit changes.
        logs = [
            np.log(scale) if column.is_numeric else 0.0
            for column, scale in zip(self.spec.columns, self._moments()[1], strict=True)
            if column.kind != "empty"
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
        used = [column.kind != "empty" for column in self.spec.columns]
        return reach(*self.ends, np.compress(used, self.gross).tolist())

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
