"""AutoencoderHyperModel: a recipe that any tuner of KerasTuner can search around."""

from collections.abc import Sequence
from typing import Any

import keras
import keras_tuner
from kerasae.tuning.objectives import judged
from kerasae.tuning.spaces import Space

from kerasae.data import Data
from kerasae.evaluation import RowSums
from kerasae.models import Autoencoder
from kerasae.recipe import Recipe
from kerasae.training import History, train


class AutoencoderHyperModel(keras_tuner.HyperModel):
    """An autoencoder whose code size, depth and node counts a tuner draws.

    A trial is an ordinary training of `kerasae.train`: it ends early where its epochs gain nothing,
    and is judged at its best epoch. What comes back is `val_reconstruction`, the reconstruction term
    of the loss on the validation split, in the unit of the loss per example, without the penalties
    whose weights may be searched; the figures of `evaluate` on the validation split, such as
    `val_error`, which mean the same whatever the loss; `epochs`, the best one; `parameters`. The data
    are loaded once.

    Args:
        recipe: that is searched around; what the space does not draw is as it says.
        data: seen through the recipe's preprocessing; loaded from the recipe by default.
        space: what is searched.
        objective: a name of `kerasae.tuning.objective`: with `probe_accuracy`, `auroc` and `cost` the
            figure of that name is worked out too.

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
        self.recipe = recipe
        self.data = recipe.load() if data is None else data
        self.space = Space() if space is None else space
        self.objective = objective

    def recipe_of(self, hp: keras_tuner.HyperParameters) -> Recipe:
        """The recipe of a trial."""
        return self.recipe.override(self.space.draw(hp, self.recipe, self.data.spec))

    def build(self, hp: keras_tuner.HyperParameters) -> Autoencoder:
        """The model of a trial, its weights drawn by the recipe's seed."""
        return self.recipe_of(hp).build(self.data)

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
        """Trains the model of a trial.

        Args:
            hp: of the trial.
            model: that `build` made.
            *args: refused; the data are the hypermodel's own.
            epochs: the last epoch, as Hyperband gives it; by default the recipe's.
            initial_epoch: epochs that the model has had already, as Hyperband gives it.
            callbacks: of the tuner.
            **kwargs: refused.

        Raises:
            TypeError: for data or other arguments.
        """
        if args or {key for key in kwargs if key != "verbose"}:
            raise TypeError(
                "Expected `search()` without data or arguments of `fit`: the hypermodel has its data, and "
                f"its recipe the rest; received {len(args)} positional ones and {sorted(kwargs)}."
            )
        settings = {} if epochs is None else {"epochs": max(1, epochs - initial_epoch)}
        found, _, history = self.run(hp, model, callbacks=callbacks, **settings)
        return {**found, "epochs": float(initial_epoch + history.best_epoch)}

    def run(
        self, hp: keras_tuner.HyperParameters, model: Autoencoder, **settings: Any
    ) -> tuple[dict[str, float], dict[str, RowSums], History]:
        """Trains the model of a trial: its figures, as `fit` gives them, their rows, and its history.

        Args:
            hp: of the trial.
            model: that `build` made.
            **settings: of `kerasae.train`, in place of the recipe's.
        """
        if self.recipe_of(hp).train.get("steps") is not None:
            raise ValueError(
                "A search counts epochs; expected `train.steps` to be null, received "
                f"{self.recipe_of(hp).train['steps']}."
            )
        history = train(model, self.data, **{**self.recipe_of(hp).train, **settings})
        best = history.epochs[history.best_epoch - 1]
        figures, rows = judged(model, self.data, self.objective)
        figures |= {
            "val_reconstruction": best["val_reconstruction"],
            "epochs": float(history.best_epoch),
            "parameters": float(model.count_params()),
        }
        return figures, rows, history
