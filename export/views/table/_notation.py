"""notation: how a client writes the entries of a column as strings."""

from typing import Any

from kerasae import notations
from kerasae.spec import Column


def notation(column: Column) -> dict[str, Any]:
    """Return the notation of a column for the manifest; empty if its entries are written in the usual way."""
    if column.notation == notations.plain(column.kind):
        return {}
    words = column.notation.words()
    return {"notation": column.notation.to_dict()} | ({"written": words} if words else {})
