"""Options for a search."""

from collections.abc import Callable
from typing import Any

import click

from kerasae import registry
from kerasae.cli._options import Bounds, Integers, Names, log_option
from kerasae.precisions import PRECISIONS

_ALSO = ["activation", "learning_rate", "loss", "noise", "weights"]
#: Flag and all that click is told of it.
_OPTIONS: dict[str, dict[str, Any]] = {
    "--trials": {"type": click.IntRange(min=1), "default": 30, "help": "Number of trials."},
    "--latent-dims": {
        "type": Integers(),
        "help": "Code sizes to try, such as 2,4,8. Without it, the powers of two up to 64 that are smaller "
        "than an example. If the code is a map: numbers for each place, up to 16; codes count all places.",
    },
    "--depths": {
        "type": Bounds(),
        "help": "Smallest and largest number of hidden layers or blocks to try.  [default: 1-4]",
    },
    "--widest": {
        "type": Bounds(),
        "help": "Smallest and largest number of nodes of the first hidden layer or of a block, or of filters "
        "of the first level. Without it, a range that suits the data.",
    },
    "--windows": {
        "type": Integers(),
        "help": "Lengths of windows to try for a log, in steps, such as 20,40,80. The code size is that for "
        "--window, and grows with the window. Without it, only --window.",
    },
    "--models": {
        "type": Names(registry.names("model")),
        "help": "Families to try. Without it, the family of --model.",
    },
    "--search": {
        "type": Names(_ALSO),
        "help": "Other settings to search.",
    },
    "--objective": {
        "type": click.Choice(["reconstruction", "error", "probe_accuracy", "auroc", "cost"]),
        "help": "Figure of the validation split by which trials are compared. Without it, reconstruction, or "
        "error if losses with different units are compared.",
    },
    "--tuner": {
        "type": click.Choice(["bayesian", "random"]),
        "default": "bayesian",
        "help": "Method that chooses trials: Bayesian optimisation, or random search.",
    },
    "--budget-params": {"type": int, "help": "Largest number of parameters of the model."},
    "--budget-bytes": {"type": int, "help": "Largest size of the exported TFLite file, in bytes."},
    "--budget-latency": {
        "type": float,
        "help": "Longest time of a call for one row in LiteRT on this machine, in milliseconds.",
    },
    "--budget-precision": {
        "type": click.Choice(PRECISIONS),
        "default": "float32",
        "help": "Precision of the TFLite file that the budgets are about.",
    },
    "--tensorboard": {
        "is_flag": True,
        "help": "Write logs of TensorBoard and its HParams into --out.",
    },
}


def search_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a search, and `--log-to`; the function receives them by the name of their flag."""
    for flag, attributes in reversed(_OPTIONS.items()):
        shown = "default" in attributes
        function = click.option(flag, show_default=shown, **attributes)(function)
    return log_option(function)
