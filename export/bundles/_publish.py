"""Publishing: the files of an export become the bundle together, or not at all.

An export writes into `.unfinished`, a hidden folder of the bundle. Then the old parts of the bundle are moved
there and the new ones to their places, each by one rename. The manifest is last, and its rename completes the
export. If a step fails, the parts are moved back. If the process is killed, the next export moves them back
before it starts, and `kerasae verify` reports it. A bundle contains files and folders but no links, so that
zip, git, `cp -rL` and object stores keep it intact.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock

from kerasae.files import parents_made, write_json

#: Name of the file that describes a bundle. It is published last.
MANIFEST = "manifest.json"
#: Name of the file that an export locks.
LOCK = ".lock"
_HIDDEN = ".unfinished"
#: In the hidden folder: the new parts, the replaced parts, and the list of all moved parts.
_NEW, _OLD, _PARTS = "new", "old", "parts.json"


def check_bundle(root: Path) -> None:
    """Check that an export can use a folder, before any work is done.

    Raises:
        FileExistsError: If the folder exists and is no bundle.
    """
    if root.exists() and not _is_bundle(root):
        raise FileExistsError(
            f"Expected a new folder or an export bundle for --out, received {root}, which is kept as it "
            "is; choose another."
        )


def _is_bundle(root: Path) -> bool:
    """Return whether a folder is empty, a bundle, or the rest of a first export that was killed."""
    if not root.is_dir():
        return False
    names = {path.name for path in root.iterdir()}
    if MANIFEST in names:
        return b'"kerasae"' in (root / MANIFEST).read_bytes()
    return is_interrupted(root) or names <= {_HIDDEN, LOCK}


@contextlib.contextmanager
def staging(root: Path) -> Iterator[Path]:
    """Lock a bundle, yield a folder for the new files of an export, and remove the folder afterwards.

    Raises:
        ValueError: If another export is running.
    """
    with parents_made(root):
        root.mkdir(exist_ok=True)
        lock = filelock.FileLock(root / LOCK, timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise ValueError(f"Expected no other export into {root}, but one is running.") from None
        hidden = root / _HIDDEN
        try:
            recover(root)
            (hidden / _NEW).mkdir(parents=True)
            yield hidden / _NEW
        finally:
            if not is_interrupted(root):
                shutil.rmtree(hidden, ignore_errors=True)
            # A failed first export leaves no empty folder.
            leftover = {path.name for path in root.iterdir()} == {LOCK}
            # Windows does not remove an open file; there the release does.
            with contextlib.suppress(OSError):
                (root / LOCK).unlink()
            lock.release()
            if leftover:
                root.rmdir()


def publish(root: Path) -> None:
    """Move the files in the folder of `staging` to their places in the bundle.

    Server versions go beside the old ones. All other files replace the old ones. Files that only the old
    manifest lists are removed. Files that it does not list, such as code beside a C library, stay.
    """
    hidden = root / _HIDDEN
    _take_along(root, hidden / _NEW)
    put = _parts(hidden / _NEW)
    gone = [name for name in _listed(root) if not (hidden / _NEW / name).exists()]
    write_json(hidden / _PARTS, {"put": put, "gone": gone})
    try:
        for name in [*put, *gone]:
            _swap(hidden, root, name)
        (hidden / _NEW / MANIFEST).replace(root / MANIFEST)
    except BaseException:
        recover(root)
        raise


def is_interrupted(root: Path) -> bool:
    """Return whether an export was stopped during publishing, before its manifest was in place."""
    hidden = root / _HIDDEN
    return (hidden / _PARTS).exists() and (hidden / _NEW / MANIFEST).exists()


def recover(root: Path) -> None:
    """Move back the parts of an export that was stopped, and remove its files."""
    hidden = root / _HIDDEN
    if is_interrupted(root):
        parts = json.loads((hidden / _PARTS).read_text(encoding="utf-8"))
        for name in reversed([*parts["put"], *parts["gone"]]):
            _swap_back(hidden, root, name, moved=name in parts["put"])
        # The bundle is in its old state now.
        (hidden / _PARTS).unlink()
    shutil.rmtree(hidden, ignore_errors=True)


def _parts(new: Path) -> list[str]:
    """Return the parts that are moved by one rename each: files, folders and versions of a server."""
    parts = [path for path in sorted(new.iterdir()) if path.name not in ("server", MANIFEST)]
    # A version is last, so that a server finds it when its configuration is in place.
    parts += [*sorted(new.glob("server/*.config")), *sorted(new.glob("server/*/*"))]
    return [path.relative_to(new).as_posix() for path in parts]


def _take_along(root: Path, new: Path) -> None:
    """Copy the files in the folders of a bundle that no export wrote."""
    exported = _exported(root)
    for name in _listed(root):
        for path in (root / name).rglob("*"):
            inside = path.relative_to(root).as_posix()
            if path.is_file() and inside not in exported and not (new / inside).exists():
                (new / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, new / inside)


def _listed(root: Path) -> list[str]:
    """Return the top-level names in the manifest of a bundle, except for `server`."""
    return sorted({name.partition("/")[0] for name in _exported(root)} - {"server"})


def _exported(root: Path) -> set[str]:
    """Return the paths of all files in the manifest of a bundle; none without one."""
    if not (root / MANIFEST).is_file():
        return set()
    manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    return {*manifest["files"], *(name for one in manifest["artifacts"] for name in one["files"])}


def _swap(hidden: Path, root: Path, name: str) -> None:
    """Move a part of the bundle away, and the new one, if there is one, to its place."""
    place, new, old = root / name, hidden / _NEW / name, hidden / _OLD / name
    if os.path.lexists(place):
        old.parent.mkdir(parents=True, exist_ok=True)
        place.rename(old)
    if new.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        new.rename(place)


def _swap_back(hidden: Path, root: Path, name: str, *, moved: bool) -> None:
    """Undo `_swap`, also if it was stopped halfway. `moved` says whether there was a new part."""
    place, new, old = root / name, hidden / _NEW / name, hidden / _OLD / name
    if moved and not new.exists() and place.exists():
        place.rename(new)
        for folder in place.relative_to(root).parents[:-1]:
            with contextlib.suppress(OSError):
                # Only folders that were made for the part are empty.
                (root / folder).rmdir()
    if os.path.lexists(old):
        place.parent.mkdir(parents=True, exist_ok=True)
        old.rename(place)
