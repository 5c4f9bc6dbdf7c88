"""The signs in the folder of a search, which its chief and its workers share."""

import os
from pathlib import Path

#: The folder of a worker's checkpoints, in that of the trial, begins so.
UNFINISHED = "unfinished-"
#: The names of the workers that a chief starts itself begin so. They end with it.
OWN = "local-"
#: In the name of a worker it stands before the `id_of` its search.
SEARCH = "-of-"
#: Exit status of a worker process whose chief does not answer.
NO_CHIEF = 3


def id_of(folder: Path) -> str:
    """Return what tells a search from all others, or nothing before it has begun.

    Args:
        folder: Folder of the search's output.
    """
    path = folder / "search" / "id"
    return path.read_text() if path.is_file() else ""


def has_ended(folder: Path) -> bool:
    """Return whether a search has run all its trials."""
    return (folder / "search" / "ended").is_file()


def life_of(folder: Path, name: str) -> Path:
    """Return the file that a worker touches while it lives."""
    return folder / "search" / "workers" / name


def last_sign(folder: Path, name: str) -> float:
    """Return when a worker has last touched its file, in nanoseconds; 0 where there is none."""
    try:
        # Opened, since a network file system answers `stat` from what it remembers.
        with life_of(folder, name).open("rb") as file:
            return os.fstat(file.fileno()).st_mtime_ns
    except OSError:
        return 0.0
