"""The members of rooms: found by their files, resolved by their names, and created."""

import ast
import difflib
import functools
import importlib
import importlib.util
import inspect
import os
import pkgutil
import traceback
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.registry._types import check_type

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
    "measures": "kerasae.metrics.measures",
    "baseline": "kerasae.baselines",
    "application": "kerasae.applications",
    "preset": "kerasae.presets",
    "export": "kerasae.export.formats",
    "view": "kerasae.export.views",
    "feed": "kerasae.export.feeds",
    "deployment": "kerasae.export.deployments",
    "tracker": "kerasae.trackers",
    "command": "kerasae.cli",
}


def folders(room: str) -> list[str]:
    """Return the folders of a room: that of the library, then those on `KERASAE_PATH`.

    Raises:
        NotADirectoryError: If an entry of `KERASAE_PATH` is not a folder.
    """
    package = ROOMS[room]
    # Python finds a package by importing its parents, and `kerasae.export` imports TensorFlow.
    outer, inner = package.split(".")[:2], package.split(".")[2:]
    spec = importlib.util.find_spec(".".join(outer))
    inside = [str(Path(root, *inner)) for root in spec.submodule_search_locations or []] if spec else []
    paths = [path for path in os.environ.get("KERASAE_PATH", "").split(os.pathsep) if path]
    for path in paths:
        if not Path(path).is_dir():
            there = "a file" if Path(path).exists() else "nothing there"
            raise NotADirectoryError(
                f"Expected folders in the variable KERASAE_PATH, received {path!r} ({there}); correct the "
                "variable, or unset it."
            )
    outside = [str(Path(path).absolute() / package.rpartition(".")[2]) for path in paths]
    return list(dict.fromkeys([*inside, *outside]))


def names(room: str) -> list[str]:
    """Return the sorted names of the members of a room, without importing them.

    Raises:
        ValueError: If two folders have a member of one name.
    """
    return list(_names(tuple(folders(room))))


@functools.cache
def _names(searched: tuple[str, ...]) -> list[str]:
    home: dict[str, str] = {}
    for folder in searched:
        for module in pkgutil.iter_modules([folder]):
            if module.name.startswith("_"):
                continue
            if module.name in home:
                raise ValueError(
                    f"Expected a name that is free, received {Path(folder, module.name)}, which "
                    f"{home[module.name]} has too; rename the file."
                )
            home[module.name] = folder
    return sorted(home)


def module_of(room: str, name: str) -> types.ModuleType:
    """Import and return the module or package of a member.

    Raises:
        ValueError: If a file on `KERASAE_PATH` cannot be imported. The message has its line and the error.
    """
    package = importlib.import_module(ROOMS[room])
    # Python searches a package along its path, to which the folders of the user are appended.
    package.__path__.extend(folder for folder in folders(room) if folder not in package.__path__)
    try:
        return importlib.import_module(f"{ROOMS[room]}.{name}")
    except Exception as error:
        line = _own_line(error)
        if line is None:
            raise
        what = error.msg if isinstance(error, SyntaxError) else error
        raise ValueError(
            f"Expected a file that Python can import as the {room} {name!r}, received {line}: "
            f"{type(error).__name__}: {what}"
        ) from error


def _own_line(error: Exception) -> str | None:
    """Return file and line of an error, if it comes from a file on `KERASAE_PATH`."""
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        places.append((error.filename or "", error.lineno))
    own = [path for path in os.environ.get("KERASAE_PATH", "").split(os.pathsep) if path]
    for file, line in reversed(places):
        if any(Path(file).is_relative_to(Path(path).absolute()) for path in own):
            return f"{file}, line {line}"
    return None


def source_of(room: str, name: str) -> Path:
    """Return the file that defines a member, without importing anything.

    Raises:
        FileNotFoundError: If there is no such member.
    """
    for folder in map(Path, folders(room)):
        if (file := folder / f"{name}.py").is_file():
            return file
        if (package := folder / name / "__init__.py").is_file():
            return _definition(package)
    raise FileNotFoundError(f"Expected the {room} {name!r} in one of {', '.join(folders(room))}.")


def _definition(package: Path) -> Path:
    """Return the file of a package from which its `__init__.py` imports the member."""
    body = ast.parse(package.read_text(encoding="utf-8")).body
    public = [
        name
        for node in body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for name in ast.literal_eval(node.value)
    ]
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module and {one.name for one in node.names} & {*public}:
            file = package.parent / f"{node.module.rpartition('.')[2]}.py"
            if file.is_file():
                return file
    return package


def did_you_mean(name: str, known: list[str]) -> str:
    """Return the end of an error message: the closest known name, then all known names."""
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    hint = f"did you mean '{near[0]}'? There" if near else "there"
    return f"{hint} is: {', '.join(known) or 'nothing yet'}."


def check_name(room: str, name: str) -> None:
    """Check that a room has a member with a name, without importing anything.

    Raises:
        ValueError: If the room or the name is unknown. The message contains the closest known name.
    """
    if room not in ROOMS:
        raise ValueError(f"Unknown room {room!r}; {did_you_mean(room, list(ROOMS))}")
    if not isinstance(name, str) or name not in names(room):
        hint = did_you_mean(name, names(room))
        if room == "data":
            raise ValueError(f"Unknown source {name!r}; {hint} A path or tfds:NAME is one too.")
        if not (hint.startswith("did") or os.environ.get("KERASAE_PATH")):
            hint += " If it is in a file of your own, set KERASAE_PATH to the folder above its room."
        raise ValueError(f"Unknown {room} {name!r}; {hint}")


def resolve(room: str, name: str) -> Callable[..., Any]:
    """Return the class or function with a name in a room.

    Raises:
        ValueError: If the room or the name is unknown.
    """
    check_name(room, name)
    module = module_of(room, name)
    if hasattr(module, "__path__"):
        return _member_of_package(module)
    public = [
        value
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    classes = [value for value in public if inspect.isclass(value)]
    if len(classes) == 1:
        return typing.cast(Callable[..., Any], classes[0])
    functions = [value for value in public if getattr(value, "__name__", None) == name]
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
    """Import all members of a room, and return them by the name of their class or function."""
    resolved = (resolve(room, name) for name in names(room))
    return {member.__name__: member for member in resolved}


def when_used(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the function `__getattr__` of the package of a room that loads its names when they are used.

    A part of such a package can be imported without TensorFlow, which its members import. Its `__all__` has
    the names in `homes` and the classes of the members.

    Args:
        room: Name of the room.
        homes: Module of each public name that is no member.
    """

    def load(name: str) -> Any:
        if name in homes:
            return getattr(importlib.import_module(homes[name]), name)
        if name.startswith("_") and name != "__all__":
            raise AttributeError(f"module {ROOMS[room]!r} has no attribute {name!r}")
        found = members(room)
        if name == "__all__":
            return [*homes, *found]
        if name not in found:
            raise AttributeError(f"module {ROOMS[room]!r} has no attribute {name!r}")
        return found[name]

    return load


def get(room: str, identifier: Any, **defaults: Any) -> Any:
    """Create a member of a room.

    Args:
        room: Name of the room.
        identifier: Name such as `"masking"`, or dict such as `{"name": "masking", "level": 0.3}`. Any other
            object, and `None`, is returned unchanged.
        **defaults: Default arguments of the member; those of the dict replace them.

    Returns:
        The member.
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
    """Return the arguments of a member by name, with those that `**kwargs` passes to base classes of kerasae.

    Arguments of Keras's base classes (`name`, `dtype`, `trainable`) are left out. So are arguments that a
    class sets itself, or that only its subclasses set; it lists them in `fixed`.
    """
    if not inspect.isclass(member):
        return dict(inspect.signature(member).parameters)
    arguments: dict[str, inspect.Parameter] = {}
    fixed: set[str] = set()
    for base in _own_bases(member):
        fixed |= set(vars(base).get("fixed", ()))
        signature = inspect.signature(base.__init__).parameters  # type: ignore[misc]
        for name, parameter in signature.items():
            if name != "self" and name not in fixed and parameter.kind not in _VARIADIC:
                arguments.setdefault(name, parameter)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.values()):
            break
    return arguments


_VARIADIC = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def _own_bases(member: type) -> list[type]:
    """Return the classes with a constructor, from the member up to the first class of Keras."""
    bases = []
    for base in member.__mro__:
        if base is object or base.__module__.startswith("keras."):
            break
        if "__init__" in vars(base):
            bases.append(base)
    return bases


def annotations(member: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a member's arguments, with those of its base classes in kerasae."""
    if not inspect.isclass(member):
        return typing.get_type_hints(member)
    hints: dict[str, Any] = {}
    for base in reversed(_own_bases(member)):
        hints |= typing.get_type_hints(base.__init__)  # type: ignore[misc]
    return hints


def check(section: str, member: Callable[..., Any], values: dict[str, Any]) -> None:
    """Check keyword arguments against the signature of a member.

    Args:
        section: Section of the recipe, for error messages.
        member: Class or function that will receive the arguments.
        values: Arguments by name.

    Raises:
        ValueError: If the signature has no argument of this name.
        TypeError: If a value does not fit its annotation.
    """
    known = parameters(member)
    hints = annotations(member)
    for name, value in values.items():
        if name not in known:
            # A name from a file may contain a line break.
            shown = repr(str(name))[1:-1]
            raise ValueError(f"Unknown parameter `{section}.{shown}`; {did_you_mean(name, sorted(known))}")
        if name in hints:
            check_type(f"{section}.{name}", value, hints[name])
