"""The flags for settings of a recipe."""

import click

from kerasae.cli._options.flag import Flag

FLAGS = [
    Flag("--model", "model.name", str, "Family of the model.  [default: undercomplete]"),
    Flag(
        *("--network", "network.name", str),
        "Type of the encoder and the decoder. Without it, the type that suits the data.",
    ),
    Flag(
        *("--loss", "loss.name", str),
        "Reconstruction loss. Without it, the loss that suits the family and the data.",
    ),
    Flag("--labels", "data.labels", str, "Column or file of labels. The model is trained without them."),
    Flag(
        *("--id", "data.id", [str]),
        "Column that identifies the rows of a table. The model is trained without it. Repeatable.",
    ),
    Flag(
        *("--missing", "data.missing", [str]),
        "Entry that marks a missing value of a table, such as -999. Repeatable.",
    ),
    Flag("--encoding", "data.encoding", str, "Encoding of a text file, such as latin-1.  [default: UTF-8]"),
    Flag(
        *("--text", "data.column", str),
        "Column of texts in a CSV or Parquet file. Without it, the file is a table.",
    ),
    Flag(
        *("--time", "data.time", [str]),
        "Column of the time stamps; the rows of the file are then a log of sensors. Twice for a column of "
        "dates and one of times.",
    ),
    Flag(
        *("--window", "data.window", int),
        "Number of steps of a window of a log. Without it, one period of the strongest oscillation.",
    ),
    Flag("--stride", "data.stride", int, "Number of steps from one window to the next.  [default: 1]"),
    Flag("--group", "data.group", str, "Column that tells the machines of a log apart."),
    Flag(
        *("--resample", "data.resample", str),
        "Step of a log, such as 1s or 5min; the readings of a step are averaged. Without it, the step of the "
        "time stamps.",
    ),
    Flag(
        *("--zone", "data.zone", str),
        "Time zone of stamps without one, such as Europe/Berlin, for clocks that change to summer time.",
    ),
    Flag(
        *("--on-error", "data.on_error", click.Choice(["raise", "skip"])),
        "Whether a file or row that cannot be read is an error, or is skipped and listed at the end.  "
        "[default: raise]",
    ),
    Flag(
        *("--latent-dim", "network.latent_dim", int),
        "Number of entries of a code. Without it, the default of the network.",
    ),
    Flag(
        *("--epochs", "train.epochs", int),
        "Largest number of epochs. The weights of the best epoch are kept.",
    ),
    Flag("--batch-size", "train.batch_size", int, "Number of examples in a training step."),
    Flag(
        *("--learning-rate", "train.learning_rate", float),
        "Learning rate at the start. It is reduced when the validation error stops falling.",
    ),
    Flag("--seed", "train.seed", int, "Seed of the initial weights and of the order of the examples."),
    Flag(
        *("--callback", "train.callbacks", [str]),
        "Callback of Keras by its import path: package.module:Name or package.module:Name(key=value), for a "
        "class or a function that returns one. Repeatable.",
    ),
]
