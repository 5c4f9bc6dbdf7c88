"""Estimator: what the three estimators share."""

import inspect
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import validate_data

from kerasae.data import Data, Split, array_spec
from kerasae.data.tables import column_of
from kerasae.models import Autoencoder
from kerasae.preprocessing import as_frame, named_by_text
from kerasae.presets import settings as settings_of
from kerasae.recipe import Recipe
from kerasae.sklearn._bases import BaseEstimator
from kerasae.sklearn._frames import of_numpy
from kerasae.spec import Spec
from kerasae.training import History, train

#: Settings of a whole training, which one more pass over new rows does not take: how long it is, how the
#: learning rate falls meanwhile, and that the weights are computed from all rows at once.
_OF_A_WHOLE = ("steps", "epochs", "schedule", "reduce_at", "solver")
#: Largest batch of a pass over rows, if neither the preset nor the settings name one, as that of `train`.
_BATCH = inspect.signature(train).parameters["batch_size"].default


class Estimator(BaseEstimator):
    """Base class of the three estimators, which trains a model on rows."""

    #: Share of the rows held out to choose the best epoch; with 0 the training uses all rows and all epochs.
    _held_out: ClassVar[float] = 0.1

    @property
    def _calibrating(self) -> float:
        """Share of the rows that are held out for calibration, and used neither to train nor to choose."""
        return 0.0

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "model": [str],
        "preset": [str, None],
        "latent_dim": [Interval(Integral, 1, None, closed="left"), None],
        "epochs": [Interval(Integral, 1, None, closed="left"), None],
        "settings": [dict, None],
        "random_state": ["random_state"],
    }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def _rows(self, X: Any, *, reset: bool) -> Any:
        """Return rows as the codec of this estimator takes them: an array of numbers, or a DataFrame."""
        least = 2 if reset else 1
        X = as_frame(X)
        if reset:
            numeric = not isinstance(X, pd.DataFrame) or all(map(pd.api.types.is_numeric_dtype, X.dtypes))
            self._mixed = not numeric
        if self._mixed and isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if len(X) < least:
                raise ValueError(
                    f"Found array with {len(X)} sample(s) while a minimum of {least} is required."
                )
            rows: Any = named_by_text(X)
        else:
            rows = validate_data(
                self,
                of_numpy(X),
                reset=reset,
                dtype="numeric",
                ensure_all_finite="allow-nan",
                ensure_min_samples=least,
            )
            rows = rows.astype("float32" if rows.dtype == np.float32 else "float64")
            if np.nanmax(np.abs(rows), initial=0.0) > np.finfo("float32").max:
                raise ValueError("Input X contains infinity or a value too large for dtype('float32').")
        table = self._takes_table(rows) if reset else self._table
        if reset:
            self._table = table
        if table and not isinstance(rows, pd.DataFrame):
            names = getattr(self, "feature_names_in_", [f"x{number}" for number in range(rows.shape[1])])
            return pd.DataFrame(rows, columns=names)
        if not table and self._takes_table(rows):
            raise ValueError(
                "Input X contains NaN or columns that are no numbers, and the rows that this estimator was "
                "fitted on did not; fit it on rows with missing entries, or fill them first."
            )
        return rows

    #: Whether the estimator was fitted on a DataFrame with columns that are not numbers.
    _mixed: bool
    #: Whether the estimator was fitted on a table.
    _table: bool

    def _takes_table(self, rows: Any) -> bool:
        return isinstance(rows, pd.DataFrame) or bool(np.isnan(rows).any())

    def _fit_model(self, rows: Any) -> Data:
        """Train a new `model_` on rows, as `_rows` returns them, and return the data with their splits."""
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        recipe, data = self._recipe(rows, self._held_out)
        choosing = len(data.validation) > 0
        return self._trained(recipe.build(data), data, recipe, {**recipe.train, "hold_out": choosing})

    #: Seed of the last `fit`. The same rows are split in the same way in each call of `partial_fit`, so that
    #: rows held out of one are not trained on in another.
    _seed: int

    def _go_on(self, X: Any) -> Data:
        """Train `model_` in one pass over rows, `(rows, columns)`; without an earlier fit it is new."""
        first = not hasattr(self, "model_")
        rows = self._rows(X, reset=first)
        if first:
            self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        # There are no epochs to choose from.
        recipe, data = self._recipe(rows, 0.0)
        if first:
            model = recipe.build(data)
        else:
            model = self.model_
            if model.preprocessor is not None:
                data = data.seen_through(model.preprocessor)
        # A schedule would end with this call, and a closed form would forget the rows before it.
        kept = {key: value for key, value in recipe.train.items() if key not in _OF_A_WHOLE}
        # An epoch has batches of one size; these leave out fewer rows than there are batches.
        count = len(data.train)
        kept["batch_size"] = count // -(-count // kept.get("batch_size", _BATCH))
        return self._trained(model, data, recipe, {**kept, "epochs": 1, "hold_out": False})

    def _trained(self, model: Autoencoder, data: Data, recipe: Recipe, settings: dict[str, Any]) -> Data:
        self.history_: History = train(model, data, **settings)
        self.model_: Autoencoder = model
        #: Settings of the applications, by name.
        self._apply: dict[str, Any] = recipe.apply
        return data

    def _recipe(self, rows: Any, held_out: float) -> tuple[Recipe, Data]:
        """Return the recipe, and the rows in splits, of which a share is held out to choose the epoch."""
        seed = self._seed
        if self._table:
            columns = tuple(column_of(rows[name]) for name in rows)
            spec = Spec("table", (len(columns),), "mixed", columns=columns)
        else:
            spec = array_spec(rows)
        settings: dict[str, Any] = {}
        if self.preset is not None:
            settings |= settings_of(self.preset, spec)
        else:
            # Steps are set instead of epochs, because an epoch of few rows has only a step or two.
            settings |= {"model.name": self.model, "train.steps": 3000}
        if self.latent_dim is not None:
            settings["network.latent_dim"] = int(self.latent_dim)
        if self.epochs is not None:
            settings.pop("train.steps", None)
            settings["train.epochs"] = int(self.epochs)
        recipe = Recipe.of().override({**settings, "train.seed": seed % 2**31, **(self.settings or {})})
        order = np.random.default_rng(seed).permutation(len(rows))
        enough = len(rows) > 3
        held = max(1, round(held_out * len(rows))) if held_out and enough else 0
        kept = max(1, round(self._calibrating * (len(rows) - held))) if self._calibrating and enough else 0
        parts = np.split(order, [held, held + min(kept, len(rows) - held - 2)])
        validation, calibration, train_rows = (Split(rows).rows(np.sort(part)) for part in parts)
        data = Data("rows", spec, train_rows, validation, train_rows.rows([]), calibration=calibration)
        return recipe, recipe.prepare(data)
