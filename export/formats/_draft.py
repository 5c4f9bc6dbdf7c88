"""Draft: an artifact that is being written, and what it is run by."""

import dataclasses
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from kerasae.export.parity import Case, Parity
from kerasae.export.subject import Subject
from kerasae.export.views import View


class Runtime(Protocol):
    """What runs an artifact, as the program of a client does."""

    def signatures(self) -> dict[str, Any]:
        """Return inputs and outputs by signature: shape and dtype by name."""

    def run(self, signature: str, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return what a signature answers to rows, by the name of the output."""


@dataclasses.dataclass
class Draft:
    """An artifact that is being written.

    Args:
        subject: Model, and examples to prove the artifact on.
        view: How raw examples enter the artifact and leave it.
        cases: Rows for each signature, with the answers of the model.
        path: Path of the artifact once it is whole.
        place: Hidden path under which it is written until then.
        facts: What is known of the artifact. Starts with what the view says of the outputs.
        runtime: What runs the artifact; there once it was made.
        signatures: Inputs and outputs by signature, with units; there once the artifact was opened.
        parity: How well the artifact agrees with its model; there once that was measured.
    """

    subject: Subject
    view: View
    cases: dict[str, Case]
    path: Path
    place: Path
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    runtime: Any = None
    signatures: dict[str, Any] = dataclasses.field(default_factory=dict)
    parity: Parity = dataclasses.field(default_factory=lambda: Parity([], {}, []))

    def row(self, signature: str) -> dict[str, np.ndarray]:
        """Return the inputs of one row for a signature, `(1, ...)`."""
        return {name: values[:1] for name, values in self.cases[signature].sent.items()}
