"""Arguments of a class or function, read from its source: importing it would import TensorFlow."""

import ast
import importlib.util
import inspect
import json
import re
from pathlib import Path
from typing import NamedTuple

from kerasae.cli._options.metavars import metavar


class Argument(NamedTuple):
    """A keyword argument.

    `metavar` holds its types and choices, as a page of help shows them. `default` is what a user types for
    the default, nothing where that is `None`. `help` is its entry in the docstring, with the default behind.
    """

    name: str
    metavar: str
    default: str
    help: str


def outline(path: Path) -> tuple[str, list[Argument]]:
    """Return the first line of the docstring of a file's public class, and the class's keyword arguments."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    member = next(node for node in body if isinstance(node, ast.ClassDef) and not node.name.startswith("_"))
    start = next(node for node in member.body if getattr(node, "name", "") == "__init__")
    assert isinstance(start, ast.FunctionDef)
    text = inspect.cleandoc(ast.get_docstring(member) or "")
    return text.partition("\n")[0], _arguments(start, text)


def arguments_of(module: str, function: str) -> dict[str, Argument]:
    """Return the keyword arguments of a function by name, wherever in a module or package it stands."""
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    folder = spec.submodule_search_locations
    for path in sorted(Path(folder[0]).glob("*.py")) if folder else [Path(spec.origin)]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == function:
                text = inspect.cleandoc(ast.get_docstring(node) or "")
                return {argument.name: argument for argument in _arguments(node, text)}
    raise LookupError(f"Expected the function {function} in {module}, found none.")


def _arguments(function: ast.FunctionDef, text: str) -> list[Argument]:
    arguments = []
    for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        described = re.search(rf"^    {argument.arg}: (.+(?:\n {{8}}.+)*)", text, re.MULTILINE)
        words = " ".join(described[1].split()).replace("`", "").rstrip(".") if described else ""
        words = f"{words[:1].upper()}{words[1:]}."
        shown = _typed(default)
        if shown:
            words = re.sub(r" Defaults to .+?\.$", "", words) + f"  [default: {shown}]"
        words = re.sub(r"(.*) Defaults to None: ", r"\1 Without it, ", words).removesuffix(
            " Defaults to None."
        )
        arguments.append(Argument(argument.arg, metavar(argument.annotation), shown, words))
    return arguments


def _typed(default: ast.expr | None) -> str:
    if not isinstance(default, ast.Constant) or default.value is None:
        return ""
    return default.value if isinstance(default.value, str) else json.dumps(default.value)
