"""Shapes of networks: layers that become narrower, levels, and blocks; which of them a network has."""

import math
from typing import Any, ClassVar

import keras
from kerasae.tuning.maps import Maps
from kerasae.tuning.ranges import draw_integer
from kerasae.tuning.shape import DEPTHS, FILTERS, Shape, doubling, network_of, within

from kerasae import registry
from kerasae.recipe import Recipe
from kerasae.spec import Spec

#: Smallest and largest ratio of the width of a layer to that of the layer before.
_RATIOS = (0.05, 1.0)
#: Smallest and largest number of blocks, and number of nodes of each, if a user gives none.
_BLOCKS, _HIDDEN = (1, 3), (128, 1024)


class Widths(Shape):
    """Widths that fall towards the code. The first one is drawn, then the ratio of each to the one before.

    So no combination is out of order, and what is learned of a shallow network holds for a deeper one.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"widths"})

    def draw(self, hp: Any, latent_dim: int) -> dict[str, Any]:
        depth = draw_integer(hp, "depth", *self.depths)
        width = draw_integer(hp, "width", *self.widest, log=True)
        widths = [max(width, latent_dim)]
        for number in range(2, self.depths[1] + 1):
            with hp.conditional_scope("depth", list(range(number, self.depths[1] + 1))):
                ratio = hp.Float(f"ratio_{number}", *_RATIOS)
            if number <= depth:
                widths.append(max(round(widths[-1] * ratio), latent_dim))
        return {"network.widths": widths[:depth]}

    def start(self, latent_dim: int) -> dict[str, Any]:
        widths = self._own(latent_dim)
        first = within(widths[0], self.widest) if widths else self.widest[0]
        values: dict[str, Any] = {"depth": len(widths), "width": first}
        wider = first
        for number, width in enumerate(widths[1:], 2):
            values[f"ratio_{number}"] = within(width / wider, _RATIOS)
            wider = width
        return values

    def _own(self, latent_dim: int) -> list[int]:
        """Return the widths of the recipe's own network, as many as are allowed."""
        section = {key: value for key, value in self.recipe.fill(self.spec).network.items() if key != "name"}
        given = section.pop("widths", None)
        depth = len(given) if given is not None else section.pop("depth", 2)
        section |= {"depth": within(depth, self.depths), "latent_dim": latent_dim}
        if given is not None and section["depth"] == len(given):
            return [int(width) for width in given]
        network: Any = registry.resolve("network", network_of(self.recipe, self.spec))
        encoder = network(self.spec, **section).encoder
        return [int(layer.units) for layer in encoder.layers if isinstance(layer, keras.layers.Dense)]


class Filters(Shape):
    """Filters that double from level to level. Their number at the first level is drawn."""

    needs: ClassVar[frozenset[str]] = frozenset({"filters", "kernel_size"})

    def _usual_widest(self) -> tuple[int, int]:
        return FILTERS

    def draw(self, hp: Any, latent_dim: int) -> dict[str, Any]:
        levels = draw_integer(hp, "depth", *self._levels())
        first = draw_integer(hp, "width", *self.widest, log=True)
        return {"network.filters": doubling(first, levels)}

    def start(self, latent_dim: int) -> dict[str, Any]:
        usual = math.ceil(math.log2(max(max(self.spec.shape[:2]) / 4, 2)))
        filters = self.recipe.network.get("filters") or [32] * usual
        return {"depth": within(len(filters), self._levels()), "width": within(filters[0], self.widest)}

    def _levels(self) -> tuple[int, int]:
        # Each level halves the image, until there is nothing left to halve.
        most = max(1, min(self.depths[1], (max(self.spec.shape[:2]) - 1).bit_length()))
        return min(max(1, self.depths[0]), most), most


class Blocks(Shape):
    """Number of blocks and their width."""

    needs: ClassVar[frozenset[str]] = frozenset({"blocks", "hidden"})

    def _usual_widest(self) -> tuple[int, int]:
        return _HIDDEN

    def draw(self, hp: Any, latent_dim: int) -> dict[str, Any]:
        bounds = self._bounds()
        return {
            "network.blocks": draw_integer(hp, "blocks", *bounds["blocks"]),
            "network.hidden": draw_integer(hp, "hidden", *bounds["hidden"], log=True),
        }

    def start(self, latent_dim: int) -> dict[str, Any]:
        parameters = registry.parameters(registry.resolve("network", network_of(self.recipe, self.spec)))
        return {
            name: within(self.recipe.network.get(name, parameters[name].default), bounds)
            for name, bounds in self._bounds().items()
        }

    def _bounds(self) -> dict[str, tuple[int, int]]:
        least, most = _BLOCKS if self.depths == DEPTHS else self.depths
        return {"blocks": (max(1, least), max(1, most)), "hidden": self.widest}


def shape_of(
    recipe: Recipe, spec: Spec, depths: tuple[int, int], widest: tuple[int, int] | None = None
) -> Shape:
    """Return the shape that a search draws for the network of a recipe; arguments as for `Shape`.

    Raises:
        ValueError: If the network has no arguments that a search can draw.
    """
    name = network_of(recipe, spec)
    known = set(registry.parameters(registry.resolve("network", name)))
    for shape in (Widths, Filters, Maps, Blocks):
        if shape.needs <= known:
            return shape(recipe, spec, depths, widest)
    raise ValueError(
        "Expected a network with `widths`, with `filters` and `kernel_size` or `residual_blocks`, or with "
        f"`hidden` and `blocks`, received '{name}'; search with another, or train this one."
    )
