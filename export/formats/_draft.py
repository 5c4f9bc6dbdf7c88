"""Draft: an artifact while it is written; and Runtime, the protocol of what runs it."""

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from kerasae.export.parity import Case, Parity
from kerasae.export.subject import Subject
from kerasae.export.views import View

from kerasae.files import new_folder


class Runtime(Protocol):
    """Protocol of an object that runs an artifact, as the program of a client does."""

    def signatures(self) -> dict[str, Any]:
        """Return `inputs` and `outputs` of each signature: `shape` and `dtype` by name."""

    def run(self, signature: str, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the outputs of a signature for rows of inputs, both by name."""


@dataclasses.dataclass
class Draft:
    """Artifact while it is written.

    Args:
        subject: Model, and examples to prove the artifact on.
        view: Form in which raw examples enter and leave the artifact.
        cases: Rows for each signature, with the answers of the model.
        path: Path of the finished artifact.
        place: Hidden path of the artifact while it is written.
        bounds: Bound by measure.
        facts: Facts about the artifact. Starts with those of the view about the outputs.
        runtime: Runtime of the artifact. Set once the artifact is made.
        signatures: Inputs and outputs by signature, with units. Set once the artifact is open.
        parity: Agreement of the artifact with its model. Set once it is measured.
    """

    subject: Subject
    view: View
    cases: dict[str, Case]
    path: Path
    place: Path
    bounds: dict[str, float] = dataclasses.field(default_factory=dict)
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    runtime: Any = None
    signatures: dict[str, Any] = dataclasses.field(default_factory=dict)
    parity: Parity = dataclasses.field(default_factory=lambda: Parity([], {}, []))

    def row(self, signature: str) -> dict[str, np.ndarray]:
        """Return the inputs of one row for a signature, `(1, ...)`."""
        return {name: values[:1] for name, values in self.cases[signature].sent.items()}


@contextlib.contextmanager
def unfinished(path: Path, *, is_folder: bool) -> Iterator[Path]:
    """Yield a hidden path, and rename the artifact written there to `path` afterwards; not after an error.

    Args:
        path: Path of the finished artifact.
        is_folder: Whether the artifact is a folder, which must not exist yet. A file may exist.
    """
    if is_folder:
        with new_folder(path) as place:
            yield place
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file keeps its name, because some libraries look at the ending.
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        place = Path(folder) / path.name
        yield place
        place.replace(path)
