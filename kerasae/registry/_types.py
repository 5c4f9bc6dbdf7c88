"""check_type: whether a value fits an annotation; and type_name, the annotation in words."""

import functools
import json
import operator
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any


def check_type(name: str, value: Any, annotation: Any) -> None:
    """Raise a TypeError unless the value fits the annotation."""
    if _fits(value, annotation):
        return
    hint = f"; a list of one is {json.dumps([value], default=str)}" if _fits([value], annotation) else ""
    raise TypeError(f"`{name}` must be of type {type_name(annotation)}, received {value!r}{hint}.")


def _fits(value: Any, annotation: Any) -> bool:
    if isinstance(value, bool) and annotation in (int, float, int | None, float | None):
        return False
    # Its import takes a tenth of a second.
    import typeguard

    try:
        typeguard.check_type(value, _without_letters(annotation))
    except typeguard.TypeCheckError:
        return False
    return True


def _without_letters(annotation: Any) -> Any:
    """Return a type whose sequences exclude strings, because in Python a string is a sequence of letters."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Sequence:
        inner = _without_letters(arguments[0])
        return list[inner] | tuple[inner, ...]  # type: ignore[valid-type]
    if origin in (typing.Union, types.UnionType):
        return functools.reduce(operator.or_, map(_without_letters, arguments))
    if origin in (dict, Mapping):
        return dict[*map(_without_letters, arguments)]  # type: ignore[misc]
    return annotation


def type_name(annotation: Any) -> str:
    """Return a readable annotation, such as `'l1' | 'kl' | None`, with classes without their modules."""
    if annotation in (None, type(None)):
        return "None"
    if annotation is Ellipsis:
        return "..."
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " | ".join(repr(value) for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(type_name(argument) for argument in arguments)
    if isinstance(origin, type):
        outer = "list" if issubclass(origin, Sequence) and origin is not tuple else origin.__name__
        return f"{outer}[{', '.join(type_name(argument) for argument in arguments)}]"
    return getattr(annotation, "__name__", str(annotation))
