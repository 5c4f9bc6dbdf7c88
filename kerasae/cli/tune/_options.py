"""Options for a search."""

from collections.abc import Callable
from typing import Any

import click

from kerasae import registry
from kerasae.cli._options import Bounds, Integers, Names
from kerasae.precisions import PRECISIONS

_ALSO = ["activation", "learning_rate", "loss", "noise", "weights"]
#: Flag and all that click is told of it.
_OPTIONS: dict[str, dict[str, Any]] = {
    "--trials": {"type": click.IntRange(min=1), "default": 30, "help": "Number of trials."},
    "--latent-dims": {"type": Integers(), "help": "Code sizes to try; powers of two by default."},
    "--depths": {"type": Bounds(), "help": "Numbers of hidden layers to try.  [default: 1-4]"},
    "--widest": {
        "type": Bounds(),
        "help": "Numbers of nodes to try for the first hidden layer; they follow the data by default.",
    },
    "--models": {
        "type": Names(registry.names("model")),
        "help": "Families to choose from; that of --model by default.",
    },
    "--search": {"type": Names(_ALSO), "help": "What to search beside code size, depth and nodes."},
    "--objective": {
        "type": click.Choice(["reconstruction", "error", "probe_accuracy", "auroc", "cost"]),
        "help": "Figure of the validation split by which trials are compared; reconstruction by default, or "
        "error where losses with different units are searched.",
    },
    "--tuner": {
        "type": click.Choice(["bayesian", "random"]),
        "default": "bayesian",
        "help": "Draws that results guide, or random ones.",
    },
    "--budget-params": {"type": int, "help": "Greatest number of parameters."},
    "--budget-bytes": {"type": int, "help": "Greatest size of the exported TFLite file, in bytes."},
    "--budget-latency": {
        "type": float,
        "help": "Longest time for a row in LiteRT on this machine, in milliseconds.",
    },
    "--budget-precision": {
        "type": click.Choice(PRECISIONS),
        "default": "float32",
        "help": "Precision of the file that the budget is for.",
    },
    "--tensorboard": {"is_flag": True, "help": "Write TensorBoard's logs, with HParams, into --out."},
}


def search_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a search; the function receives them by the name of their flag."""
    for flag, attributes in reversed(_OPTIONS.items()):
        shown = "default" in attributes
        function = click.option(flag, show_default=shown, **attributes)(function)
    return function
