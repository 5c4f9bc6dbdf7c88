"""Packages of the extras, which a plain installation lacks: their import, and the message without them."""

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any


def import_extra(module: str, extra: str, user: str, package: str | None = None) -> Any:
    """Import a module of a package that an extra of kerasae installs.

    Args:
        module: Name of the module, such as `"umap"`.
        extra: Name of the extra.
        user: Feature that needs the package, as the subject of the message, such as "`map='umap'`".
        package: Name of the package, as pip knows it. Defaults to `None`, the first part of `module`.

    Returns:
        The module.

    Raises:
        ImportError: If the package is not installed, or cannot be imported. The message names the extra.

    Example:
        >>> import_extra("json", "umap", "This example").loads("[1, 2]")
        [1, 2]
        >>> import_extra("no_such_package", "umap", "This example")
        Traceback (most recent call last):
            ...
        ImportError: This example needs no_such_package, which is not installed: pip install 'kerasae[umap]'.
    """
    root = module.partition(".")[0]
    package = package or root
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if not is_installed(root):
            raise ImportError(missing_packages(user, [package], extra)) from None
        # For example a package that was compiled for another version of NumPy.
        reason = " ".join(str(error).split()).rstrip(".")
        raise ImportError(
            f"{user} needs {package}, which cannot be imported ({reason}): pip install -U 'kerasae[{extra}]'."
        ) from error


def is_installed(module: str) -> bool:
    """Return whether a top-level module can be found, without importing it."""
    return importlib.util.find_spec(module) is not None


def missing_packages(user: str, packages: Sequence[str], extra: str) -> str:
    """Return the message for packages that are not installed.

    Args:
        user: Feature that needs them, as the subject of the message.
        packages: Names of the packages.
        extra: Name of the extra that installs them; `""` if none does.
    """
    what = f"'kerasae[{extra}]'" if extra else " ".join(packages)
    are = "are" if len(packages) > 1 else "is"
    return f"{user} needs {' and '.join(packages)}, which {are} not installed: pip install {what}."
