"""Numbers of file formats: a file tells its format, and a reader refuses one that it cannot know.

Each kind of file has a number of its own, which stands beside the code that writes and reads it. It is raised
only if earlier code cannot read what is written now. Files without a number are of format 0: they were
written before kerasae 0.1.0, and are read as those of format 1.
"""

from collections.abc import Mapping
from typing import Any

#: Entry of a JSON file that holds its number.
KEY = "format"


class NewerFormatError(ValueError):
    """Error for a file that a newer kerasae wrote, in a format that this version does not know."""


def numbered(values: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return the values of a file with the number of its format as the first entry.

    Args:
        values: Values, without an entry `format`.
        number: Number of the format, from 1.
    """
    return {KEY: number, **values}


def unnumbered(values: Any, newest: int, path: Any) -> Any:
    """Return the values of a file without the number of its format, after a check of the number.

    Args:
        values: Content of the file. Anything but a dict is returned as it is.
        newest: Largest number that the caller reads.
        path: Path of the file, for the message.

    Raises:
        NewerFormatError: If the number is larger than `newest`.
        ValueError: If it is no whole number from 0.
    """
    if not isinstance(values, dict) or KEY not in values:
        return values
    check_number(values[KEY], newest, path)
    return {key: value for key, value in values.items() if key != KEY}


def check_number(number: Any, newest: int, path: Any) -> None:
    """Check the number of the format of a file.

    Args:
        number: Number that the file tells.
        newest: Largest number that the caller reads.
        path: Path of the file, for the message.

    Raises:
        NewerFormatError: If the number is larger than `newest`.
        ValueError: If it is no whole number from 0.

    Example:
        >>> check_number(3, 2, "tuning.json")
        Traceback (most recent call last):
            ...
        kerasae.files.format_number.NewerFormatError: tuning.json was written by a newer kerasae:
        format 3, this one reads up to 2; pip install -U kerasae.
    """
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(
            f"Expected the number of a format, 0 to {newest}, as `{KEY}` in {path}, received {number!r}; "
            "restore the file."
        )
    if number > newest:
        raise NewerFormatError(
            f"{path} was written by a newer kerasae: format {number}, this one reads up to {newest}; "
            "pip install -U kerasae."
        )
