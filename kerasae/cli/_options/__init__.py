"""Options that several commands share, and what becomes of their values."""

from kerasae.cli._options.declared import declared_by_all
from kerasae.cli._options.given import given_beside
from kerasae.cli._options.recipe import recipe_of
from kerasae.cli._options.shared import recipe_options
from kerasae.cli._options.signatures import Argument, outline
from kerasae.cli._options.tracking import log_option
from kerasae.cli._options.types import Bounds, Integers, Names
from kerasae.cli._options.values import argument_of

__all__ = [
    "Argument",
    "Bounds",
    "Integers",
    "Names",
    "argument_of",
    "declared_by_all",
    "given_beside",
    "log_option",
    "outline",
    "recipe_of",
    "recipe_options",
]
