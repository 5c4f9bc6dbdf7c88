"""Shape: the arguments of a network that say how deep and how wide it is, as a search draws them."""

import abc
from collections.abc import Sequence
from typing import Any, ClassVar

import keras_tuner

from kerasae.kinds import kind_of
from kerasae.recipe import Recipe
from kerasae.spec import Spec

#: Code sizes to try.
_SIZES = (2, 4, 8, 16, 32, 64)
#: Smallest and largest number of hidden layers, if a user gives none.
DEPTHS = (1, 4)
#: Smallest and largest number of filters of the first level, and the largest of any level.
FILTERS = (8, 64)
_MOST_FILTERS = 256


class Shape(abc.ABC):
    """Depth and widths of a network, as a search draws them. This class is abstract.

    Args:
        recipe: Recipe that is searched around.
        spec: Description of the examples.
        depths: Smallest and largest number of hidden layers on each side, or of blocks.
        widest: Smallest and largest number of nodes of the first hidden layer or of each block, or of filters
            of the first level. Defaults to `None`: a range that suits the examples.
    """

    recipe: Recipe
    spec: Spec
    depths: tuple[int, int]

    #: Arguments that a network must have to be searched in this way.
    needs: ClassVar[frozenset[str]]

    def __init__(
        self, recipe: Recipe, spec: Spec, depths: tuple[int, int], widest: tuple[int, int] | None = None
    ) -> None:
        self.recipe, self.spec, self.depths = recipe, spec, depths
        self.widest: tuple[int, int] = widest or self._usual_widest()

    def _usual_widest(self) -> tuple[int, int]:
        return 16, kind_of(self.spec).widest

    def sizes(self, latent_dims: Sequence[int] | None) -> list[int]:
        """Return the code sizes to try, in order.

        Args:
            latent_dims: Values of the argument `latent_dim` of the network; `None` for the usual ones.
        """
        return sorted({int(size) for size in latent_dims or code_sizes(self.spec)})

    @abc.abstractmethod
    def draw(self, hp: keras_tuner.HyperParameters, latent_dim: int) -> dict[str, Any]:
        """Draw the shape of a trial, and return it as settings of a recipe."""

    @abc.abstractmethod
    def start(self, latent_dim: int) -> dict[str, Any]:
        """Return the hyperparameters with which `draw` gives the recipe's own network, within the bounds."""


def code_sizes(spec: Spec) -> list[int]:
    """Return the powers of two from 2 to 64 that are smaller than an example; 1 if there are none."""
    largest = kind_of(spec).largest_code
    return [size for size in _SIZES if largest is None or size <= largest] or [1]


def network_of(recipe: Recipe, spec: Spec) -> str:
    """Return the name of the network of a recipe."""
    return recipe.network.get("name") or kind_of(spec).network


def doubling(first: int, levels: int) -> list[int]:
    """Return numbers of filters that double from level to level, up to a limit."""
    return [min(first * 2**level, _MOST_FILTERS) for level in range(levels)]


def within(value: Any, bounds: tuple[Any, Any]) -> Any:
    """Return the value nearest to a value within bounds."""
    return min(max(value, bounds[0]), bounds[1])
