"""AutoencoderHyperModel: a hypermodel of KerasTuner for the networks around a recipe."""

from collections.abc import Sequence
from typing import Any

import keras
import keras_tuner
from kerasae.tuning._bases import HyperModel
from kerasae.tuning.objectives import judged
from kerasae.tuning.spaces import Space
from kerasae.tuning.windows import each_reading_once, of_window, with_common_splits

from kerasae.data import Data
from kerasae.metrics import RowSums
from kerasae.models import Autoencoder
from kerasae.recipe import Recipe
from kerasae.training import History, train


class AutoencoderHyperModel(HyperModel):
    """Hypermodel of KerasTuner: an autoencoder whose code size, depth and node counts a tuner draws.

    A trial is a training of `kerasae.train`, with early stopping. Its figures are those of its best epoch:

    - `val_reconstruction` is the reconstruction term of the loss on the validation split, in the unit of the
      loss per example, without the penalties.
    - The figures of `evaluate` on the validation split, such as `val_error`, do not depend on the loss.
    - `epochs` is the best epoch, and `parameters` the number of parameters.

    The data are loaded once, or once for each window of the space.

    Args:
        recipe: Recipe that is searched around. It sets everything that the space does not draw.
        data: Data with the preprocessing of the recipe. Defaults to `None`: they are loaded by the recipe.
        space: Space of the search. Defaults to `None`: code size, depth and node counts.
        objective: Name of an objective of `kerasae.tuning.objective`. The figures `probe_accuracy`, `auroc`
            and `cost` are computed only if they are the objective. Defaults to `"reconstruction"`.

    Example:
        >>> from keras_tuner import Objective, RandomSearch
        >>> from kerasae.tuning import AutoencoderHyperModel
        >>> hypermodel = AutoencoderHyperModel(kerasae.Recipe.of("sparse", train={"epochs": 20}))
        >>> tuner = RandomSearch(hypermodel, Objective("val_error", "min"), 10, directory="searches")
        >>> tuner.search()
        >>> best = hypermodel.recipe_of(tuner.get_best_hyperparameters()[0])
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Data | None = None,
        *,
        space: Space | None = None,
        objective: str = "reconstruction",
    ) -> None:
        super().__init__()
        self.space: Space = Space() if space is None else space
        self.recipe = with_common_splits(recipe, self.space.windows)
        self.data: Data = self.recipe.load() if data is None else data
        self.objective = objective
        self._by_window: dict[Any, Data] = {}

    def recipe_of(self, hp: keras_tuner.HyperParameters) -> Recipe:
        """Return the recipe of a trial."""
        return self.recipe.override(self.space.draw(hp, self.recipe, self.data.spec))

    def data_of(self, hp: keras_tuner.HyperParameters) -> Data:
        """Return the data of a trial, which depend on its window if the space has windows."""
        if not self.space.windows:
            return self.data
        recipe = self.recipe_of(hp)
        window = recipe.data["window"]
        if window not in self._by_window:
            self._by_window[window] = of_window(recipe, self.data)
        return self._by_window[window]

    def build(self, hp: keras_tuner.HyperParameters) -> Autoencoder:
        """Build the model of a trial, with weights from the seed of the recipe."""
        return self.recipe_of(hp).build(self.data_of(hp))

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: Autoencoder,
        *args: Any,
        epochs: int | None = None,
        initial_epoch: int = 0,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        **kwargs: Any,
    ) -> dict[str, float]:
        """Train the model of a trial, and return its figures.

        Args:
            hp: Hyperparameters of the trial.
            model: Model that `build` made.
            *args: Not accepted, because the hypermodel has its own data.
            epochs: Last epoch, as Hyperband sets it. Defaults to `None`: the number of epochs of the recipe.
            initial_epoch: Number of epochs that the model was trained before, as Hyperband sets it. Defaults
                to 0.
            callbacks: Callbacks of the tuner. Defaults to `()`.
            **kwargs: Not accepted, except for `verbose`.

        Raises:
            TypeError: If there are data or other arguments.
        """
        if args or {key for key in kwargs if key != "verbose"}:
            raise TypeError(
                "Expected `search()` without data or arguments of `fit`: the hypermodel has its data, and "
                f"its recipe the rest; received {len(args)} positional ones and {sorted(kwargs)}."
            )
        settings = {} if epochs is None else {"epochs": max(1, epochs - initial_epoch)}
        figures, _, history = self.run(hp, model, callbacks=callbacks, **settings)
        return {**figures, "epochs": float(initial_epoch + history.best_epoch)}

    def run(
        self, hp: keras_tuner.HyperParameters, model: Autoencoder, **settings: Any
    ) -> tuple[dict[str, float], dict[str, RowSums], History]:
        """Train the model of a trial.

        Args:
            hp: Hyperparameters of the trial.
            model: Model that `build` made.
            **settings: Arguments of `kerasae.train`, in place of those of the recipe.

        Returns:
            The figures, the contributions of the rows to them, and the history.
        """
        if self.recipe_of(hp).train.get("steps") is not None:
            raise ValueError(
                "A search counts epochs; expected `train.steps` to be null, received "
                f"{self.recipe_of(hp).train['steps']}."
            )
        data = self.data_of(hp)
        # A trial is judged on the validation split, on which the refit trains too.
        # It has no folder for a log of TensorBoard.
        trial = {"hold_out": True, "tensorboard": False}
        arguments = {**self.recipe_of(hp).train, **settings, **trial}
        arguments["callbacks"] = [*self.recipe.train.get("callbacks", ()), *settings.get("callbacks", ())]
        history = train(model, data, **arguments)
        best = history.epochs[history.best_epoch - 1]
        held_out = each_reading_once(data) if self.space.windows else data
        figures, rows = judged(model, held_out, self.objective)
        figures |= {
            "val_reconstruction": best["val_reconstruction"],
            "epochs": float(history.best_epoch),
            "parameters": float(model.count_params()),
        }
        return figures, rows, history
