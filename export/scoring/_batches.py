"""Batch: rows of a source with their names, or one that cannot be read."""

from typing import Any


class UnreadableError(ValueError):
    """Error for one row that cannot be read; the rows after it can.

    Args:
        place: Line or file, such as `"line 17"`.
        reason: Reason.
    """

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")


#: Names of rows with their raw examples, or a row that cannot be read.
Batch = tuple[list[str], Any] | UnreadableError
