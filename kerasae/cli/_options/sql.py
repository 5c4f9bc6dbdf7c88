"""--sql: the query of a command, which becomes a part of its source."""

from typing import Any

import click

SQL = click.option(
    "--sql",
    metavar="QUERY",
    help="Query for the rows, if SOURCE is a database: a URL of SQLAlchemy, such as sqlite:///plant.db.",
)


def with_query(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of arguments without the query, which is added to the address of the database.

    Raises:
        click.UsageError: If the source is no database, or names a table.
    """
    values = dict(values)
    query = values.pop("sql")
    if query is None:
        return values
    from kerasae.remote import is_database

    key = "sources" if "sources" in values else "source"
    sources = values[key] if isinstance(values[key], tuple) else (values[key],)
    if len(sources) != 1 or not is_database(sources[0]) or "#" in sources[0]:
        received = " ".join(str(source) for source in sources if source is not None) or "no source"
        raise click.UsageError(
            f"--sql asks a database, such as sqlite:///plant.db without a table; received {received}."
        )
    address = f"{sources[0]}#{query}"
    return {**values, key: (address,) if key == "sources" else address}
