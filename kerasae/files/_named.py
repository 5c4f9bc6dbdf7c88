"""Checks of what a user names, which a command makes before it takes seconds to import TensorFlow."""

import os
from pathlib import Path

#: Files of a finished run.
_RUN = ("recipe.json", "model.keras")
#: File of an export bundle.
_BUNDLE = "manifest.json"
_A_RUN = f"a finished run ({', '.join(_RUN)})"
_A_BUNDLE = f"an export bundle ({_BUNDLE})"


def check_there(source: str) -> None:
    """Check that something is where a path leads. A name without a dot or a slash is not checked.

    Raises:
        FileNotFoundError: If nothing is there.
    """
    if not Path(source).exists() and not is_name(source):
        raise FileNotFoundError(f"Expected data at {source}, found no such file or folder.")


def is_name(source: str) -> bool:
    """Return whether nothing is where a source leads and it is no path either: no dot, no slash."""
    path = Path(source)
    return not (path.exists() or path.suffix or "/" in source or os.sep in source)


def check_run(folder: Path, named: str | Path | None = None) -> None:
    """Check that a folder holds a finished run.

    Args:
        folder: Folder.
        named: What the user named, if the folder is a copy of it. Defaults to `None`, the folder.

    Raises:
        FileNotFoundError: If it does not.
    """
    _check(
        _is_run(folder),
        _A_RUN,
        named or folder,
        "none; give the folder that `kerasae train` wrote with --out",
    )


def check_bundle(folder: Path, named: str | Path | None = None) -> None:
    """Check that a folder holds an export bundle. Arguments and error are those of `check_run`."""
    _check(_is_bundle(folder), _A_BUNDLE, named or folder, "none; `kerasae export` makes one")


def check_run_or_bundle(folder: Path) -> None:
    """Check that a folder holds a finished run or an export bundle. The error is that of `check_run`."""
    _check(_is_run(folder) or _is_bundle(folder), f"{_A_RUN} or {_A_BUNDLE}", folder, "neither")


def _is_run(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _RUN)


def _is_bundle(folder: Path) -> bool:
    return (folder / _BUNDLE).is_file()


def _check(holds: bool, expected: str, place: str | Path, found: str) -> None:
    if not holds:
        raise FileNotFoundError(f"Expected {expected} in {place}, found {found}.")
