"""Draws: the hyperparameters of each trial of a search."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras_tuner
import numpy as np
from kerasae.tuning._bases import Trial
from kerasae.tuning.cluster.guide import guided
from kerasae.tuning.hypermodel import AutoencoderHyperModel
from kerasae.tuning.settings import Settings

from kerasae.data import Data

#: Number of draws for a trial after which a code size counts as exhausted.
_DRAWS = 200

Values = dict[str, Any]


class Draws:
    """Hyperparameters of the trials of a search.

    The code sizes take turns. The first trial of a code size is the network of the recipe, if the budget
    allows it. Random draws for a trial depend only on the seed and on the number of the trial. Guided draws
    also depend on the results of all trials up to the previous one of the same code size. So the same seed
    gives the same trials, whichever worker is the fastest.

    Args:
        space: All hyperparameters of the search.
        starts: Hyperparameters of the first trials, one for each code size.
        seed: Seed of the draws.
        guided: Whether results guide the draws from the third round on.
        lower: Whether lower scores are better.
        meaning: Function from hyperparameters to a text that is equal for equal networks, or to `None` if
            they may not be run. Different hyperparameters can have the same meaning: numbers of nodes below
            the code size, for example, are raised to it. Such a trial is run once.
    """

    def __init__(
        self,
        space: keras_tuner.HyperParameters,
        starts: Sequence[Values],
        *,
        seed: int,
        guided: bool,
        lower: bool,
        meaning: Callable[[keras_tuner.HyperParameters], str | None],
    ) -> None:
        self.space = space
        self.starts: list[Values] = list(starts)
        self.seed = seed
        self.guided = guided
        self.lower = lower
        self.meaning = meaning
        self._meanings: dict[str, str | None] = {}

    @classmethod
    def of(cls, settings: Settings, data: Data) -> "Draws":
        """Return the draws of a search.

        Args:
            settings: Settings of the search.
            data: Data of the recipe.

        Raises:
            ValueError: If the space does not suit the data.
        """
        hypermodel = settings.hypermodel(data)
        recipe, spec = settings.recipe, data.spec
        starts = [settings.space.start(recipe, spec, size) for size in settings.space.sizes(recipe, spec)]
        space = _explored(hypermodel, starts)
        most = settings.budget.most_parameters

        def meaning(hp: keras_tuner.HyperParameters) -> str | None:
            if most < float("inf"):
                # A model that cannot be built fails in its trial, which shows the reason.
                with contextlib.suppress(Exception):
                    if hypermodel.build(hp).count_params() > most:
                        return None
            return json.dumps(hypermodel.space.draw(hp, recipe, spec), sort_keys=True)

        return cls(
            space,
            [_complete(space, start) for start in starts],
            # KerasTuner takes a seed of 0 for no seed, so 1 is added.
            seed=settings.seed + 1,
            guided=settings.tuner == "bayesian",
            lower=settings.objective_for(data).lower,
            meaning=meaning,
        )

    def seen(self, number: int, trials: Sequence[Trial]) -> list[Trial]:
        """Return the trials whose results may guide the draw for a trial."""
        return [trial for trial in trials if int(trial.trial_id) <= number - len(self.starts)]

    def is_guided(self, number: int) -> bool:
        """Return whether results guide the draw for a trial. In the first two rounds there are too few."""
        return self.guided and number >= 2 * len(self.starts)

    def draw(self, number: int, trials: Sequence[Trial]) -> Values | None:
        """Draw the hyperparameters of a trial.

        Args:
            number: Number of the trial, from 0.
            trials: All trials so far.

        Returns:
            Values by name; `None` if all combinations have been drawn.
        """
        count = len(self.starts)
        tried = {self._meant(trial.hyperparameters.values) for trial in trials}
        if number < count and self._is_new(self.starts[number], tried):
            return dict(self.starts[number])
        for turn in range(count):
            # An exhausted code size leaves its turn to the next one.
            size = self.starts[(number + turn) % count]["latent_dim"]
            for values in self._candidates(number, size, trials):
                if self._is_new(values, tried):
                    return values
        return None

    def _candidates(self, number: int, size: int, trials: Sequence[Trial]) -> Iterator[Values]:
        """Yield the most promising values first, then random values."""
        if self.is_guided(number):
            seen = self.seen(number, trials)
            scored = [trial for trial in seen if trial.status == "COMPLETED"]
            if len(scored) > len(self.starts) // 2:
                pending = [trial for trial in trials if trial not in seen]
                rng = np.random.default_rng([self.seed, number])
                promising = guided(self.space.space, scored, pending, size, lower=self.lower, rng=rng)
                yield from promising[:_DRAWS]
        for attempt in range(_DRAWS):
            yield self._random(np.random.default_rng([self.seed, number, attempt]), size)

    def _random(self, rng: np.random.Generator, size: int) -> Values:
        hps = keras_tuner.HyperParameters()
        for hp in self.space.space:
            hps.merge([hp])
            drawn = hp.random_sample(int(rng.integers(2**31)))
            if hps.is_active(hp):
                hps.values[hp.name] = size if hp.name == "latent_dim" else drawn
        return dict(hps.values)

    def _is_new(self, values: Values, tried: set[str | None]) -> bool:
        meant = self._meant(values)
        return meant is not None and meant not in tried

    def _meant(self, values: Values) -> str | None:
        key = repr(sorted(values.items()))
        if key not in self._meanings:
            hps = self.space.copy()
            hps.values = dict(values)
            self._meanings[key] = self.meaning(hps)
        return self._meanings[key]


def _explored(hypermodel: AutoencoderHyperModel, starts: list[Values]) -> keras_tuner.HyperParameters:
    """Return all hyperparameters of a space, including those of every scope, without building a model."""
    space = keras_tuner.HyperParameters()
    families: list[str | None] = [*hypermodel.space.families] or [None]
    for family in families:
        hp = keras_tuner.HyperParameters()
        hp.values = dict(starts[0])
        if family is not None:
            hp.values["family"] = family
        if "depth" in hp.values:
            hp.values["depth"] = hypermodel.space.depths[1]
        hypermodel.space.draw(hp, hypermodel.recipe, hypermodel.data.spec)
        # Otherwise each hyperparameter would be repeated for every family.
        space.merge(hp.space, overwrite=False)
    space.values = {}
    return space


def _complete(space: keras_tuner.HyperParameters, values: Values) -> Values:
    """Return values of a trial, with the defaults of all other active hyperparameters."""
    hps = keras_tuner.HyperParameters()
    for hp in space.space:
        # An active hyperparameter gets its default here.
        hps.merge([hp])
        if hps.is_active(hp):
            hps.values[hp.name] = values.get(hp.name, hp.default)
    return dict(hps.values)
