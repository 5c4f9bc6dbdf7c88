"""What a reader of files is to the search for faults."""

from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import ClassVar

from fuzzing.changes import changed


class Reader:
    """What reads a file, sound files for it, and ways to damage them.

    Args:
        folder: Empty folder for what it needs. On a quick disk, as a file is written there for each input.
    """

    #: Where it expects its file, below its folder.
    file: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = folder / self.file
        self.seeds = [*self.sound()]

    def sound(self) -> Iterable[bytes]:
        """Files that it takes."""
        raise NotImplementedError

    def damaged(self, rng: Random) -> bytes:
        """A file that it may or may not take."""
        return changed(rng.choice(self.seeds), rng)

    def __call__(self, path: Path) -> None:
        """Read a file as a user's command does."""
        raise NotImplementedError
