"""Query: the rows of a query to a database of SQLAlchemy, as a CSV file."""

import contextlib
import csv
import datetime
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasae.extras import import_extra
from kerasae.files import reason_of
from kerasae.remote._addresses import filled, hidden, protocol_of

#: Number of rows that are asked for at a time.
_ROWS = 4096
#: Name of a table, perhaps with its schema, in place of a query.
_TABLE = re.compile(r"\w+(?:\.\w+)?")


class Query:
    """The rows of a query.

    Args:
        address: URL of SQLAlchemy, `#`, and a query or the name of a table.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._url, _, query = address.partition("#")
        self._query = query.strip()
        database = re.split("[?]", self._url.rstrip("/"))[0].rpartition("/")[2]
        #: Name of the file that holds the rows.
        self.name = f"{Path(database).stem}.csv" if re.fullmatch(r"[\w.\- ]+", database) else "rows.csv"

    def stamp(self) -> str | None:
        """Return `None`, because a database does not tell whether rows have changed."""
        return None

    def fetch(self, place: Path) -> Path:
        """Write the rows into a folder, with the names of the columns in the first line; return the file.

        The query runs in a transaction that is never committed.

        Raises:
            FileNotFoundError: if there is no file of the database.
            ImportError: if SQLAlchemy or the driver of the database is missing.
            OSError: if the database refuses the query or cannot be reached.
            ValueError: if there is no query, or if a column holds something else than a cell of a table.
        """
        path = place / self.name
        engine = self._engine()
        try:
            with self._told(), engine.connect() as connection:
                if not self._query:
                    raise ValueError(self._without_query(connection))
                # Without parameters a driver leaves % and : in the query as they are.
                connection.execution_options(stream_results=True, no_parameters=True)
                result = connection.exec_driver_sql(self._statement)
                if not result.returns_rows:
                    raise ValueError(f"Expected a query that returns rows, received {self._query!r}.")
                names = list(result.keys())
                with path.open("w", encoding="utf-8", newline="") as file:
                    writer = csv.writer(file, lineterminator="\n")
                    writer.writerow(names)
                    for rows in result.partitions(_ROWS):
                        writer.writerows(_cells(row, names) for row in rows)
        finally:
            engine.dispose()
        return path

    def _engine(self) -> Any:
        sqlalchemy = import_extra("sqlalchemy", "sql", "Reading a database")
        url = filled(self._url)
        try:
            engine = sqlalchemy.create_engine(url)
        except ModuleNotFoundError as error:
            raise ImportError(
                f"Expected the driver {error.name}, which SQLAlchemy takes for {protocol_of(url)}://, found "
                "none; install it, or name another one, as in mysql+pymysql://."
            ) from None
        except (sqlalchemy.exc.SQLAlchemyError, ValueError):
            raise ValueError(
                "Expected a URL of SQLAlchemy, such as postgresql://user@host/database, received "
                f"{self._url}."
            ) from None
        file = engine.url.database
        is_file = engine.url.get_backend_name() == "sqlite" and not (file or ":").startswith((":", "file:"))
        # SQLite would make an empty database.
        if is_file and not Path(str(file)).is_file():
            raise FileNotFoundError(f"Expected a database at {file}, found no such file.")
        return engine

    @property
    def _statement(self) -> str:
        return f"select * from {self._query}" if _TABLE.fullmatch(self._query) else self._query

    def _without_query(self, connection: Any) -> str:
        import sqlalchemy

        tables = sqlalchemy.inspect(connection).get_table_names()
        shown = ", ".join(tables[:8]) + (f" and {len(tables) - 8} more" if len(tables) > 8 else "")
        return (
            f"Expected a table or a query after {self._url}, as in {self._url}#TABLE or --sql 'select ...', "
            f"received none; there is: {shown or 'no table'}."
        )

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the errors of SQLAlchemy into errors of one line, without secrets."""
        import sqlalchemy

        try:
            yield
        except sqlalchemy.exc.SQLAlchemyError as error:
            reason = hidden(reason_of(getattr(error, "orig", None) or error), self.address)
            raise OSError(f"Expected rows of {self.address}, received: {reason}.") from None


def _cells(row: Sequence[Any], names: Sequence[str]) -> list[str]:
    """Return the entries of a row as they stand in a CSV file."""
    return [_cell(value, name) for value, name in zip(row, names, strict=True)]


def _cell(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.timedelta):
        return str(value.total_seconds())
    if isinstance(value, bytes | bytearray | memoryview | list | tuple | dict | set):
        raise ValueError(
            f"Expected numbers, texts, dates or booleans in the column '{name}' of the query, received "
            f"{type(value).__name__}; leave the column out, or cast it in the query."
        )
    return str(value)
