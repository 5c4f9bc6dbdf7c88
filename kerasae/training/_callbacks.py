"""callbacks_of: callbacks of Keras, given as objects or named by an import path."""

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from kerasae.arguments import Call, parse_call

#: What a callback is named by, in error messages.
_FORM = "the import path of a Keras callback, package.module:Name or package.module:Name(key=value)"


def callbacks_of(callbacks: Sequence[keras.callbacks.Callback | str]) -> list[keras.callbacks.Callback]:
    """Return callbacks; those that are named by an import path are made anew.

    Args:
        callbacks: Callbacks, or import paths of a class or of a function that returns a callback, such as
            `"keras.callbacks:TerminateOnNaN"` or `"my.logs:Every(seconds=5)"`. Modules in the working folder
            are found, too.

    Raises:
        ValueError: If an import path leads nowhere, or what it names cannot be made or is no callback.
        TypeError: If an entry is neither a callback nor a text.
    """
    return [_made(one) if isinstance(one, str) else _checked(one) for one in callbacks]


def check_paths(paths: Any) -> None:
    """Check the form of the import paths in a recipe. Nothing is imported, so a run can be read anywhere.

    Args:
        paths: Value of `train.callbacks`. What is no list is left to the check of its type.

    Raises:
        TypeError: If an entry is no text.
        ValueError: If a text has another form.
    """
    for path in paths if isinstance(paths, list | tuple) else ():
        if not isinstance(path, str):
            raise TypeError(
                f"`train.callbacks` of a recipe must hold import paths, received {path!r:.100}; a callback "
                "as an object is passed to `kerasae.train` or `kerasae.workflows.train`."
            )
        _parsed(path)


def check_callbacks(paths: Any) -> None:
    """Check the form of import paths, as `check_paths`, and that each leads to a class or function.

    The modules are imported, and nothing is made.

    Raises:
        TypeError: If an entry is no text.
        ValueError: If an import path leads nowhere, or the arguments are none of what it names.
    """
    check_paths(paths)
    for path in paths if isinstance(paths, list | tuple) else ():
        _found(path)


def _checked(callback: Any) -> keras.callbacks.Callback:
    if not isinstance(callback, keras.callbacks.Callback):
        raise TypeError(
            f"`callbacks` must hold callbacks of Keras or their import paths, received {callback!r:.100}."
        )
    return callback


def _made(path: str) -> keras.callbacks.Callback:
    member, arguments = _found(path)
    try:
        callback = member(**arguments)
    except Exception as error:  # code of a user may raise any error
        raise ValueError(
            f"Expected a callback from {path!r:.200}, received {_reason(error)}; correct its arguments or "
            "its code."
        ) from error
    if not isinstance(callback, keras.callbacks.Callback):
        raise ValueError(
            f"Expected {_FORM}, received {path!r:.200}, which returns {type(callback).__name__}; a callback "
            "is a subclass of keras.callbacks.Callback."
        )
    return callback


def _found(path: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Return the class or function that a path names, and its arguments."""
    call = _parsed(path)
    module, _, name = call.name.partition(":")
    member: Any = _imported(module, path)
    for part in name.split("."):
        if not hasattr(member, part):
            near = difflib.get_close_matches(part, dir(member), n=1, cutoff=0.6)
            hint = f"did you mean '{near[0]}'?" if near else "correct the name."
            raise ValueError(f"Expected {_FORM}, received {path!r:.200}, but {module} has no {part}; {hint}")
        member = getattr(member, part)
    if not callable(member):
        raise ValueError(
            f"Expected {_FORM}, received {path!r:.200}, which is of type {type(member).__name__}; name a "
            "class, or a function that returns a callback."
        )
    _check_arguments(member, call, path)
    return member, call.arguments


def _parsed(path: str) -> Call:
    call = parse_call(path)
    module, _, name = call.name.partition(":")
    if not module or not name:
        raise ValueError(f"Expected {_FORM}, received {path!r:.200}; a colon stands before the name.")
    return call


def _imported(module: str, path: str) -> Any:
    # As `python -m` has it; the folder stays, because a module may import others later.
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(module)
    except Exception as error:  # code of a user may raise any error
        raise ValueError(
            f"Expected {_FORM}, received {path!r:.200}, which cannot be imported ({_reason(error)}); install "
            "its package, or run the command in the folder of the module."
        ) from error


def _check_arguments(member: Callable[..., Any], call: Call, path: str) -> None:
    try:
        signature = inspect.signature(member)
    except (ValueError, TypeError):
        # Some classes written in C have none.
        return
    try:
        signature.bind(**call.arguments)
    except TypeError as error:
        raise ValueError(
            f"Expected the arguments of {call.name}{signature}, received {path!r:.200} ({error}); correct "
            "them."
        ) from None


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text:.200}" if text else type(error).__name__
