"""The option for trackers."""

import click

from kerasae import registry

log_option = click.option(
    "--log-to",
    multiple=True,
    metavar=f"[{'|'.join(registry.names('tracker'))}]",
    help="Tracker of experiments into which the run is logged. Arguments stand in brackets, as in "
    '"mlflow(experiment=pumps)"; `kerasae show tracker mlflow` lists them. Repeatable.',
)
