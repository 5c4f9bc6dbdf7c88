"""Publishing: what an export has ready becomes the bundle, all of it or nothing.

An export writes into a hidden folder of the bundle, `.unfinished`. The parts of the bundle that it replaces
are then moved there, and the new ones into their places, each by one rename. The manifest comes last: its
rename decides for all parts. If a step fails, the parts go back. If the process is killed, the next export
puts them back before it does anything else, and `kerasae verify` says that it must. A bundle holds files and
folders alone, no links, so that it survives zip, git, `cp -rL` and object stores.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock

#: The file that describes a bundle, the last to be published.
MANIFEST = "manifest.json"
_HIDDEN, _LOCK = ".unfinished", ".lock"
#: In the hidden folder: what an export has ready, what it replaces, and the list of parts that are moved.
_NEW, _OLD, _PARTS = "new", "old", "parts.json"


def check_bundle(root: Path) -> None:
    """Check that an export can go into a folder, before any work is done for it.

    Raises:
        FileExistsError: if the folder is there and is no bundle.
    """
    if root.exists() and not _is_bundle(root):
        raise FileExistsError(
            f"Expected a new folder or an export bundle for --out, received {root}, which is kept as it "
            "is; choose another."
        )


def _is_bundle(root: Path) -> bool:
    """Return whether a folder is empty, holds a bundle, or holds what a killed export left of a first one."""
    if not root.is_dir():
        return False
    names = {path.name for path in root.iterdir()}
    if MANIFEST in names:
        return b'"kerasae"' in (root / MANIFEST).read_bytes()
    return is_interrupted(root) or names <= {_HIDDEN, _LOCK}


@contextlib.contextmanager
def staging(root: Path) -> Iterator[Path]:
    """Give a folder for what an export writes, in a bundle that no other export works on; gone afterwards.

    Raises:
        ValueError: if another export is at work.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(root / _LOCK, timeout=0)
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
        # What a failed first export leaves is an empty folder, and no folder is better.
        leftover = {path.name for path in root.iterdir()} == {_LOCK}
        (root / _LOCK).unlink()
        lock.release()
        if leftover:
            root.rmdir()


def publish(root: Path) -> None:
    """Make what lies in the folder of `staging` the contents of a bundle.

    Server versions go beside the old ones. Everything else replaces what was there, and what the old manifest
    lists and the new one does not is removed.
    """
    hidden = root / _HIDDEN
    put = _parts(hidden / _NEW)
    gone = [name for name in _listed(root) if not (hidden / _NEW / name).exists()]
    (hidden / _PARTS).write_text(json.dumps({"put": put, "gone": gone}), encoding="utf-8")
    try:
        for name in [*put, *gone]:
            _swap(hidden, root, name)
        (hidden / _NEW / MANIFEST).replace(root / MANIFEST)
    except BaseException:
        recover(root)
        raise


def is_interrupted(root: Path) -> bool:
    """Return whether an export was stopped while it was published: its parts are there, not its manifest."""
    hidden = root / _HIDDEN
    return (hidden / _PARTS).exists() and (hidden / _NEW / MANIFEST).exists()


def recover(root: Path) -> None:
    """Put back what an export had moved that did not come to its end, and remove what it left."""
    hidden = root / _HIDDEN
    if is_interrupted(root):
        parts = json.loads((hidden / _PARTS).read_text(encoding="utf-8"))
        for name in reversed([*parts["put"], *parts["gone"]]):
            _swap_back(hidden, root, name, moved=name in parts["put"])
        # From here on the bundle is as it was.
        (hidden / _PARTS).unlink()
    shutil.rmtree(hidden, ignore_errors=True)


def _parts(new: Path) -> list[str]:
    """Return what is moved by one rename each: server versions, configurations, and all else on top."""
    parts = [path for path in sorted(new.iterdir()) if path.name not in ("server", MANIFEST)]
    # Last, so that a server sees a new version once all that goes with it is there.
    parts += [*sorted(new.glob("server/*.config")), *sorted(new.glob("server/*/*"))]
    return [path.relative_to(new).as_posix() for path in parts]


def _listed(root: Path) -> list[str]:
    """Return what lies on top of a bundle by its manifest, but for the servers' side with its versions."""
    if not (root / MANIFEST).is_file():
        return []
    manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    names = [*manifest["files"], *(one["path"] for one in manifest["artifacts"])]
    return sorted({name.partition("/")[0] for name in names} - {"server"})


def _swap(hidden: Path, root: Path, name: str) -> None:
    """Move a part of the bundle away and the new one, if there is one, into its place."""
    place, new, old = root / name, hidden / _NEW / name, hidden / _OLD / name
    if os.path.lexists(place):
        old.parent.mkdir(parents=True, exist_ok=True)
        place.rename(old)
    if new.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        new.rename(place)


def _swap_back(hidden: Path, root: Path, name: str, *, moved: bool) -> None:
    """Undo `_swap`, however far it came; `moved` if there was a new part to put in place."""
    place, new, old = root / name, hidden / _NEW / name, hidden / _OLD / name
    if moved and not new.exists() and place.exists():
        place.rename(new)
        for folder in place.relative_to(root).parents[:-1]:
            with contextlib.suppress(OSError):
                # Folders that were made for it; others are not empty.
                (root / folder).rmdir()
    if os.path.lexists(old):
        place.parent.mkdir(parents=True, exist_ok=True)
        old.rename(place)
