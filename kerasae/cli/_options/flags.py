"""The flags for settings of a recipe."""

from typing import Any, NamedTuple

import click

from kerasae import registry
from kerasae.cli._options.signatures import arguments_of


class Flag(NamedTuple):
    """A flag, the recipe key that it sets, the type of its value (or of each, in a list), and its help."""

    flag: str
    key: str
    kind: Any
    help: str


FLAGS = [
    Flag("--model", "model.name", str, "Family of the model.  [default: undercomplete]"),
    Flag(
        "--network", "network.name", str, "Network on both sides of the code; it follows the data by default."
    ),
    Flag("--loss", "loss.name", str, "Reconstruction loss; it follows the family and the data by default."),
    Flag("--labels", "data.labels", str, "Column (or file) of labels, which no training sees."),
    Flag("--id", "data.id", [str], "Column that names the rows of a table; no training sees it. Repeatable."),
    Flag("--missing", "data.missing", [str], "Entry of a table that stands for a missing one. Repeatable."),
    Flag("--encoding", "data.encoding", str, "Encoding of a text file, such as latin-1.  [default: UTF-8]"),
    Flag("--text", "data.column", str, "Column of a CSV or Parquet file that holds texts."),
    Flag(
        "--on-error",
        "data.on_error",
        click.Choice(["raise", "skip"]),
        "Treatment of a file or row that cannot be read; skipped ones are listed at the end.",
    ),
    Flag("--latent-dim", "network.latent_dim", int, "Size of the code."),
    Flag("--epochs", "train.epochs", int, "Greatest number of epochs; the best one is kept."),
    Flag("--batch-size", "train.batch_size", int, "Number of examples in a step."),
    Flag("--learning-rate", "train.learning_rate", float, "Learning rate at the start."),
    Flag("--seed", "train.seed", int, "Seed of the weights and of the order of the examples."),
]


def options(flags: list[Flag]) -> list[Any]:
    """Return click's options for flags, with choices and defaults where there are any."""
    arguments = arguments_of("kerasae.training", "train")
    defaults = {f"train.{name}": argument.default for name, argument in arguments.items()}
    made = []
    for flag, key, kind, text in flags:
        section, name = key.split(".")
        many = isinstance(kind, list)
        metavar = f"[{'|'.join(registry.names(section))}]" if name == "name" else None
        shown = f"{text}  [default: {defaults[key]}]" if defaults.get(key) else text
        kind = kind[0] if many else kind
        made.append(click.option(flag, type=kind, multiple=many, metavar=metavar, help=shown))
    return made
