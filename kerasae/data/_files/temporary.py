"""TemporaryCopy: a file that is deleted with its object."""

import os
import tempfile
import weakref
from pathlib import Path


class TemporaryCopy:
    """A file that is deleted with this object.

    Attributes:
        path: Path of the file, which is empty at first.
    """

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="kerasae-")
        os.close(handle)
        self.path = Path(name)
        weakref.finalize(self, self.path.unlink, missing_ok=True)
