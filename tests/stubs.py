"""Stubs for type checkers: the public names of each package whose names come from its folder.

    python tests/stubs.py

writes an `__init__.pyi` beside each `__init__.py` that fills its names from the registry, or loads them when
they are first used. A type checker cannot see such names. The stubs follow from the folders, so a new member
still is one file: run this once behind it. `tests/house/test_types.py` fails where a stub is out of date.
"""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


def stubs() -> Iterator[tuple[Path, str]]:
    """Each stub's path and what belongs in it."""
    for folder, package in _packages():
        text = (folder / "__init__.py").read_text()
        if "globals().update(" in text or "__getattr__" in text:
            yield folder / "__init__.pyi", _stub(importlib.import_module(package))


def _packages() -> Iterator[tuple[Path, str]]:
    for file in sorted(ROOT.glob("kerasae/**/__init__.py")):
        yield file.parent, ".".join(file.parent.relative_to(ROOT).parts)
    for name in ("export", "tuning"):
        for file in sorted(ROOT.glob(f"{name}/**/__init__.py")):
            yield file.parent, ".".join(["kerasae", *file.parent.relative_to(ROOT).parts])


def _stub(package) -> str:
    imports: dict[str, list[str]] = {}
    plain = []
    for name in package.__all__:
        value = getattr(package, name)
        home = _home(package, name)
        if inspect.ismodule(value):
            home, name = value.__name__.rpartition(".")[0], value.__name__.rpartition(".")[2]
        if home is None:
            plain.append(f"{name}: {type(value).__name__}")
        else:
            imports.setdefault(home, []).append(name)
    lines = [
        f"from {home} import {name} as {name}"
        for home in sorted(imports)
        for name in sorted(imports[home], key=_order)
    ]
    parts = ["\n".join(["# Written by tests/stubs.py.", *lines]), *plain]
    return "\n\n".join(parts) + "\n"


def _order(name: str) -> tuple[bool, bool, str]:
    """Constants, then classes, then functions, as linters want it."""
    return not name.isupper(), not name[0].isupper(), name


def _home(package, name: str) -> str | None:
    """The module that defines a name; that of a constant is in `_HOMES` or in the source."""
    value = getattr(package, name)
    module = getattr(value, "__module__", None)
    if isinstance(module, str) and module.startswith("kerasae") and hasattr(value, "__qualname__"):
        return module
    if name in (homes := getattr(package, "_HOMES", {})):
        return homes[name]
    for line in Path(package.__file__).read_text().splitlines():
        words = line.replace(",", " ").split()
        if words[:1] == ["from"] and name in words[3:]:
            return words[1]
    return None


def main() -> None:
    """Write the stubs."""
    for path, text in stubs():
        path.write_text(text)


if __name__ == "__main__":
    main()
