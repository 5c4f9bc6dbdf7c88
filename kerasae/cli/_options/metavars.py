"""metavar: types and choices of an argument as a page of help shows them."""

import ast

#: How click names the types of values.
_TYPES = {"int": "INTEGER", "float": "FLOAT", "str": "TEXT", "Path": "PATH", "bool": "[true|false]"}


def metavar(annotation: ast.expr | None) -> str:
    """Return the types and choices that an annotation names, such as `INTEGER` or `[kmeans|mixture]`."""
    text = "object" if annotation is None else ast.unparse(annotation)
    names = [name for part in text.split(" | ") for name in _names(part)]
    return names[0] if len(names) == 1 else f"[{'|'.join(names)}]"


def _names(part: str) -> list[str]:
    outer, _, inner = part.rstrip("]").partition("[")
    if outer == "Literal":
        return [choice.strip(" '") for choice in inner.split(",")]
    if outer == "Sequence":
        return [f"[{_TYPES.get(inner, 'VALUE')},...]"]
    if outer == "dict":
        return ["JSON"]
    return [] if part == "None" else [_TYPES.get(part, "VALUE")]
