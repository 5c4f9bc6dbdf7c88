"""declared: an attribute of a class, read from its source."""

import ast
from typing import Any

from kerasae import registry


def declared(room: str, name: str, attribute: str, default: Any = "") -> Any:
    """Return the value of a class attribute that the class of a member sets to a literal.

    The source is read and not imported: for a page of help, an import of TensorFlow takes too long.

    Args:
        room: Room of the member.
        name: Name of the member.
        attribute: Name of the attribute.
        default: Value if the class does not set the attribute. Defaults to `""`.
    """
    tree = ast.parse(registry.source_of(room, name).read_text(encoding="utf-8"))
    for member in tree.body:
        if isinstance(member, ast.ClassDef) and not member.name.startswith("_"):
            for node in member.body:
                if isinstance(node, ast.Assign) and attribute in map(ast.unparse, node.targets):
                    return ast.literal_eval(node.value)
    return default


def declared_by_all(room: str, attribute: str) -> dict[str, Any]:
    """Return an attribute of all members of a room that set it, by name; see `declared`."""
    values = {name: declared(room, name, attribute) for name in registry.names(room)}
    return {name: value for name, value in values.items() if value}
