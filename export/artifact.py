"""Artifact: an exported file or folder, with its facts."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

from kerasae.export.parity import Parity

from kerasae.precisions import Precision


@dataclasses.dataclass(frozen=True)
class Artifact:
    """Exported file or folder, with its facts.

    Attributes:
        format: Name of the format.
        path: Path of the file or folder.
        precision: Precision of the weights.
        signatures: Inputs and outputs by signature: shape, dtype, and the unit of deviations.
        parity: Agreement of the artifact with its model.
        tolerance: Bound by measure.
        facts: Other facts, such as `bytes` and `latency_ms`.
        golden: Name of the group of stored cases that the artifact answers.
    """

    format: str
    path: Path
    precision: Precision
    signatures: dict[str, Any]
    parity: Parity
    tolerance: dict[str, float]
    facts: dict[str, Any]
    golden: str

    def files(self, root: Path) -> dict[str, dict[str, Any]]:
        """Return size and checksum of each file, by its path relative to a folder."""
        paths = [self.path] if self.path.is_file() else sorted(self.path.rglob("*"))
        return {path.relative_to(root).as_posix(): checksum(path) for path in paths if path.is_file()}

    def to_dict(self, root: Path) -> dict[str, Any]:
        """Return the entry of the manifest, with paths relative to a folder."""
        return {
            "format": self.format,
            "path": self.path.relative_to(root).as_posix(),
            "precision": self.precision,
            "golden": self.golden,
            "files": self.files(root),
            "signatures": self.signatures,
            "tolerance": self.tolerance,
            "facts": self.facts,
        }


def checksum(path: Path) -> dict[str, Any]:
    """Return the size in bytes and the SHA-256 of a file."""
    return {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
