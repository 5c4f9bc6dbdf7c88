"""Checks of what a user names, which a command makes before it takes seconds to import TensorFlow."""

import os
from pathlib import Path

#: Files of a finished run.
_RUN = ("recipe.json", "model.keras")
#: File of an export bundle.
_BUNDLE = "manifest.json"


def check_there(source: str) -> None:
    """Check that something is where a path leads. A name without a dot or a slash is not checked.

    Raises:
        FileNotFoundError: If nothing is there.
    """
    path = Path(source)
    if not path.exists() and (path.suffix or "/" in source or os.sep in source):
        raise FileNotFoundError(f"Expected data at {source}, found no such file or folder.")


def check_run(folder: Path, named: str | Path | None = None) -> None:
    """Check that a folder holds a finished run.

    Args:
        folder: Folder.
        named: What the user named, if the folder is a copy of it. Defaults to `None`, the folder.

    Raises:
        FileNotFoundError: If it does not.
    """
    if not all((folder / name).is_file() for name in _RUN):
        raise FileNotFoundError(
            f"Expected a finished run ({', '.join(_RUN)}) in {named or folder}, found none; "
            "give the folder that `kerasae train` wrote with --out."
        )


def check_bundle(folder: Path, named: str | Path | None = None) -> None:
    """Check that a folder holds an export bundle.

    Args:
        folder: Folder.
        named: What the user named, if the folder is a copy of it. Defaults to `None`, the folder.

    Raises:
        FileNotFoundError: If it does not.
    """
    if not (folder / _BUNDLE).is_file():
        raise FileNotFoundError(
            f"Expected an export bundle ({_BUNDLE}) in {named or folder}, found none; "
            "`kerasae export` makes one."
        )


def check_run_or_bundle(folder: Path) -> None:
    """Check that a folder holds a finished run or an export bundle.

    Raises:
        FileNotFoundError: If it holds neither.
    """
    if not (folder / _BUNDLE).is_file() and not all((folder / name).is_file() for name in _RUN):
        raise FileNotFoundError(
            f"Expected a finished run ({', '.join(_RUN)}) or an export bundle ({_BUNDLE}) in {folder}, "
            "found neither."
        )
