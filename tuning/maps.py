"""Maps: the shape of a network whose code is a map, as a search draws it."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from kerasae.tuning.ranges import draw_integer
from kerasae.tuning.shape import FILTERS, Shape, doubling, network_of, within

from kerasae import registry
from kerasae.kinds import kind_of

#: Smallest and largest number of residual blocks after each level.
_RESIDUAL_BLOCKS = (0, 3)
#: Numbers of the code to try for each place.
_SIZES_OF_A_PLACE = (1, 2, 4, 8, 16)
#: Share of its numbers that a code may lose if they cannot be divided among the places.
_LOST = 0.05


class Maps(Shape):
    """Levels, filters and residual blocks of a network whose code is a map.

    The code size counts the numbers of all places. A deeper network has fewer places, and so more numbers for
    each: codes of the same size are compared. The argument `latent_dim` is the number for each place of the
    recipe's own map.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"filters", "strides", "residual_blocks"})

    def _usual_widest(self) -> tuple[int, int]:
        return FILTERS

    def sizes(self, latent_dims: Sequence[int] | None) -> list[int]:
        places = self._places(self._own_levels())
        if latent_dims:
            return sorted({places * int(size) for size in latent_dims})
        largest = max(kind_of(self.spec).largest_code or places, places)
        return [places * size for size in _SIZES_OF_A_PLACE if places * size <= largest]

    def draw(self, hp: Any, latent_dim: int) -> dict[str, Any]:
        levels = self._suitable(draw_integer(hp, "depth", *self._levels()), latent_dim)
        first = draw_integer(hp, "width", *self.widest, log=True)
        return {
            "network.latent_dim": latent_dim // self._places(levels),
            "network.filters": doubling(first, levels),
            "network.residual_blocks": draw_integer(hp, "blocks", *_RESIDUAL_BLOCKS),
        }

    def start(self, latent_dim: int) -> dict[str, Any]:
        return {
            "depth": self._own_levels(),
            "width": within(self._own("filters")[0], self.widest),
            "blocks": within(self._own("residual_blocks"), _RESIDUAL_BLOCKS),
        }

    def _suitable(self, levels: int, latent_dim: int) -> int:
        """Return the number of levels, nearest to a drawn one, whose places can share out a code."""

        def unsuitable(number: int) -> tuple[bool, bool, int]:
            places = self._places(number)
            return places > latent_dim, latent_dim % places > _LOST * latent_dim, abs(number - levels)

        least, most = self._levels()
        return min(range(least, most + 1), key=unsuitable)

    def _places(self, levels: int) -> int:
        """Return the number of places of a map."""
        side = self._own("strides") ** levels
        return math.prod(math.ceil(length / side) for length in self.spec.shape[:2])

    def _own_levels(self) -> int:
        return int(within(len(self._own("filters")), self._levels()))

    def _levels(self) -> tuple[int, int]:
        # Each level divides the image, until there is one place left.
        most = 1
        while most < self.depths[1] and self._places(most) > 1:
            most += 1
        return min(max(1, self.depths[0]), most), most

    def _own(self, name: str) -> Any:
        """Return an argument of the recipe's own network."""
        parameters = registry.parameters(registry.resolve("network", network_of(self.recipe, self.spec)))
        value = self.recipe.network.get(name)
        return parameters[name].default if value is None else value
