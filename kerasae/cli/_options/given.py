"""Which options stand on the command line."""

import click
from click.core import ParameterSource


def given_beside(*names: str) -> list[str]:
    """Return the parameters of the running command that the user gave, besides those with these names."""
    context = click.get_current_context()
    return [
        name
        for name in context.params
        if name not in names and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
