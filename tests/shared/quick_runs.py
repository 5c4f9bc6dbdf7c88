"""Options of a training of seconds."""

QUICK = ["--epochs", "3", "--set", "network.widths=[16]"]
