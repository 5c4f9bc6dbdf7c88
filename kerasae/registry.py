"""A folder read as a table: in a room, the file name is the name.

`kerasae/models/variational.py` is `--model variational`, is `"variational"` in a recipe, and is a
case of the conformance test. The member of a file is its one public class or, where it has none,
the public function named after the file. A member that needs several files is a package of that name, and
`__all__` in its `__init__.py` holds the one name. What starts with an underscore is a helper.

The environment variable `KERASAE_PATH` names folders of a user's own, separated as in `PATH`. Each holds
folders named as the rooms are: with `KERASAE_PATH=my_parts` the file `my_parts/models/wasserstein.py` is
`--model wasserstein`.
"""

import ast
import difflib
import functools
import importlib
import importlib.util
import inspect
import json
import operator
import os
import pkgutil
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typeguard

ROOMS = {
    "model": "kerasae.models",
    "network": "kerasae.networks",
    "kind": "kerasae.kinds",
    "loss": "kerasae.losses",
    "penalty": "kerasae.penalties",
    "corruption": "kerasae.corruptions",
    "preprocessing": "kerasae.preprocessing",
    "data": "kerasae.data",
    "score": "kerasae.scores",
    "threshold": "kerasae.thresholds",
    "application": "kerasae.applications",
    "preset": "kerasae.presets",
    "export": "kerasae.export.formats",
    "command": "kerasae.cli",
}


def folders(room: str) -> list[str]:
    """The folders that hold the members of a room: the library's own, then those on `KERASAE_PATH`."""
    package = ROOMS[room]
    # Python finds a package by importing those around it, and `kerasae.export` imports TensorFlow.
    outer, inner = package.split(".")[:2], package.split(".")[2:]
    spec = importlib.util.find_spec(".".join(outer))
    inside = [str(Path(one, *inner)) for one in spec.submodule_search_locations or []] if spec else []
    theirs = [one for one in os.environ.get("KERASAE_PATH", "").split(os.pathsep) if one]
    outside = [str(Path(one).absolute() / package.rpartition(".")[2]) for one in theirs]
    return list(dict.fromkeys([*inside, *outside]))


def names(room: str) -> list[str]:
    """The members of a room, sorted, without importing any of them."""
    return list(_names(tuple(folders(room))))


@functools.cache
def _names(searched: tuple[str, ...]) -> list[str]:
    return sorted({one.name for one in pkgutil.iter_modules(searched) if not one.name.startswith("_")})


def module_of(room: str, name: str) -> types.ModuleType:
    """The module or package that holds a member."""
    package = importlib.import_module(ROOMS[room])
    # Python looks for the members of a package along its path, which ends with the user's folders.
    package.__path__.extend(one for one in folders(room) if one not in package.__path__)
    return importlib.import_module(f"{ROOMS[room]}.{name}")


def source_of(room: str, name: str) -> Path:
    """The file that defines a member, found without importing anything.

    Raises:
        FileNotFoundError: if there is no such member.
    """
    for folder in map(Path, folders(room)):
        if (file := folder / f"{name}.py").is_file():
            return file
        if (package := folder / name / "__init__.py").is_file():
            return _definition(package)
    raise FileNotFoundError(f"Expected the {room} {name!r} in one of {', '.join(folders(room))}.")


def _definition(package: Path) -> Path:
    """The file of a package that its `__init__.py` takes the member from."""
    for node in ast.parse(package.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            file = package.parent / f"{node.module.rpartition('.')[2]}.py"
            if file.is_file():
                return file
    return package


def did_you_mean(name: str, known: list[str]) -> str:
    """A clause for an error message: the nearest known name, then all of them."""
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    hint = f"did you mean '{near[0]}'? There" if near else "there"
    return f"{hint} is: {', '.join(known) or 'nothing yet'}."


def resolve(room: str, name: str) -> Callable[..., Any]:
    """The class or function that a name stands for.

    Raises:
        ValueError: for an unknown room or name, with the nearest one.
    """
    if room not in ROOMS:
        raise ValueError(f"Unknown room {room!r}; {did_you_mean(room, list(ROOMS))}")
    if not isinstance(name, str) or name not in names(room):
        raise ValueError(f"Unknown {room} {name!r}; {did_you_mean(name, names(room))}")
    module = module_of(room, name)
    if hasattr(module, "__path__"):
        return _member_of_package(module)
    own = [
        value
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    classes = [value for value in own if inspect.isclass(value)]
    if len(classes) == 1:
        return typing.cast(Callable[..., Any], classes[0])
    functions = [value for value in own if getattr(value, "__name__", None) == name]
    if classes or len(functions) != 1:
        raise TypeError(f"{module.__name__} must hold one public class, or a function `{name}` and no class.")
    return typing.cast(Callable[..., Any], functions[0])


def _member_of_package(package: types.ModuleType) -> Callable[..., Any]:
    public: Sequence[str] = getattr(package, "__all__", ())
    if len(public) != 1:
        raise TypeError(
            f"`__all__` of {package.__name__} must hold one name, that of the member; received {public}."
        )
    return typing.cast(Callable[..., Any], getattr(package, public[0]))


def members(room: str) -> dict[str, Callable[..., Any]]:
    """Every member of a room by the name of its class or function; imports them all."""
    found = (resolve(room, name) for name in names(room))
    return {member.__name__: member for member in found}


def get(room: str, identifier: Any, **defaults: Any) -> Any:
    """A member from a name, a dict with `name` and arguments, an instance, or `None`.

    Args:
        room: where to look.
        identifier: `"masking"`, `{"name": "masking", "level": 0.3}`, an instance, or `None`.
        **defaults: arguments used unless the dict gives them.
    """
    if isinstance(identifier, str):
        identifier = {"name": identifier}
    if not isinstance(identifier, dict) or "class_name" in identifier:
        return identifier
    arguments = dict(identifier)
    if "name" not in arguments:
        raise ValueError(f"A {room} needs a `name`, received {identifier}; {did_you_mean('', names(room))}")
    member = resolve(room, arguments.pop("name"))
    arguments = defaults | arguments
    check(f"{room}", member, arguments)
    return member(**arguments)


def parameters(member: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The arguments of a member by name, with those that `**kwargs` hands to base classes of ours.

    Arguments of Keras's own base classes (`name`, `dtype`, `trainable`) are not among them, nor
    those that a class fixes for its base: it lists them in `fixed`.
    """
    if not inspect.isclass(member):
        return dict(inspect.signature(member).parameters)
    found: dict[str, inspect.Parameter] = {}
    fixed: set[str] = set()
    for base in _own_bases(member):
        own = inspect.signature(base.__init__).parameters  # type: ignore[misc]
        for name, parameter in own.items():
            if name != "self" and name not in fixed and parameter.kind not in _VARIADIC:
                found.setdefault(name, parameter)
        fixed |= set(vars(base).get("fixed", ()))
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in own.values()):
            break
    return found


_VARIADIC = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def _own_bases(member: type) -> list[type]:
    """The classes with a constructor, from the member up to the first that is Keras's."""
    bases = []
    for base in member.__mro__:
        if base is object or base.__module__.startswith("keras."):
            break
        if "__init__" in vars(base):
            bases.append(base)
    return bases


def annotations(member: Callable[..., Any]) -> dict[str, Any]:
    """The resolved annotations of a member's arguments, with those of its base classes of ours."""
    if not inspect.isclass(member):
        return typing.get_type_hints(member)
    hints: dict[str, Any] = {}
    for base in reversed(_own_bases(member)):
        hints |= typing.get_type_hints(base.__init__)  # type: ignore[misc]
    return hints


def check(section: str, member: Callable[..., Any], values: dict[str, Any]) -> None:
    """Holds keyword arguments against a signature: unknown names and wrong types are refused.

    Raises:
        ValueError: for a name that the signature lacks.
        TypeError: for a value that does not fit its annotation.
    """
    known = parameters(member)
    hints = annotations(member)
    for name, value in values.items():
        if name not in known:
            # A name in a file may hold a line end.
            shown = repr(str(name))[1:-1]
            raise ValueError(f"Unknown parameter `{section}.{shown}`; {did_you_mean(name, sorted(known))}")
        if name in hints:
            check_type(f"{section}.{name}", value, hints[name])


def check_type(name: str, value: Any, annotation: Any) -> None:
    """Raises a TypeError that says what was expected, unless the value fits the annotation."""
    if _fits(value, annotation):
        return
    hint = f"; a list of one is {json.dumps([value], default=str)}" if _fits([value], annotation) else ""
    raise TypeError(f"`{name}` must be of type {type_name(annotation)}, received {value!r}{hint}.")


def _fits(value: Any, annotation: Any) -> bool:
    if isinstance(value, bool) and annotation in (int, float, int | None, float | None):
        return False
    try:
        typeguard.check_type(value, _without_letters(annotation))
    except typeguard.TypeCheckError:
        return False
    return True


def _without_letters(annotation: Any) -> Any:
    """The same type without a string among its sequences: a string is one of letters to Python."""
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
    """An annotation as a reader wants it: `'l1' | 'kl' | None`, classes without their modules."""
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
