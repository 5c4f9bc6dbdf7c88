"""Flag: a flag for a setting of a recipe."""

from typing import Any, NamedTuple


class Flag(NamedTuple):
    """A flag, the recipe key that it sets, the type of its value (or of each, in a list), and its help."""

    flag: str
    key: str
    kind: Any
    help: str
