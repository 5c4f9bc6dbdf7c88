"""Arguments: checks that every room has, with the same words in each, and calls as a user writes them."""

import ast
from typing import Any, NamedTuple

#: Words of JSON, as they are written elsewhere in a command.
_WORDS = {"true": True, "false": False, "null": None}


class Call(NamedTuple):
    """A name and keyword arguments.

    Attributes:
        name: Text before the bracket.
        arguments: Values by the name of the argument.
    """

    name: str
    arguments: dict[str, Any]


def parse_call(text: str) -> Call:
    """Return the name and the arguments of a call.

    A value is a literal of Python: a number, a text in quotes, a list, a dict, True, False or None. A bare
    word is a text, and `true`, `false` and `null` are those of JSON.

    Args:
        text: Call, such as `csv_log` or `csv_log(path="a.csv", seconds=5)`.

    Raises:
        ValueError: If the text is no such call.
    """
    name, bracket, rest = text.strip().partition("(")
    if not bracket:
        return Call(name, {})
    try:
        call = ast.parse(f"f({rest}", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            raise ValueError("only arguments of the form key=value can be read")
        arguments = {_named(keyword): _value(keyword.value) for keyword in call.keywords}
    except (ValueError, SyntaxError, RecursionError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ValueError(
            f"Expected NAME or NAME(key=value, ...), received {text!r:.200} ({reason}); values are numbers, "
            "texts in quotes, true, false, null, lists or dicts."
        ) from None
    return Call(name.strip(), arguments)


def _named(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise ValueError("only arguments of the form key=value can be read")
    return keyword.arg


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return _WORDS.get(node.id, node.id)
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(f"{ast.unparse(node)} is no value") from None


def check_positive_integer(name: str, value: Any) -> None:
    """Raise a ValueError unless the value is a positive integer; a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer, received {value!r}.")
