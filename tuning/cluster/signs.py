"""Signs: files in the folder of a search by which its chief and its workers find each other."""

import os
from pathlib import Path

#: Beginning of the name of a folder with checkpoints of a worker, in the folder of a trial.
UNFINISHED = "unfinished-"
#: Beginning of the names of workers that a chief starts. They end with it.
OWN = "local-"
#: Part of the name of a worker, in front of the `id_of` its search.
SEARCH = "-of-"
#: Exit status of a worker process whose chief does not answer.
NO_CHIEF = 3


def id_of(folder: Path) -> str:
    """Return the unique id of a search; an empty string before it has begun.

    Args:
        folder: Folder of the search.
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
    """Return the time at which a worker has last touched its file, in nanoseconds; 0 if there is no file."""
    try:
        # The file is opened, because a network file system answers `stat` from its cache.
        with life_of(folder, name).open("rb") as file:
            return os.fstat(file.fileno()).st_mtime_ns
    except OSError:
        return 0.0
