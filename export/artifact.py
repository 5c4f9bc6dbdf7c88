"""Artifact: one exported model, and what is known of it."""

import dataclasses
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.parity import Case, Parity


@dataclasses.dataclass(frozen=True)
class Artifact:
    """What one format wrote.

    Attributes:
        format: the member of the room that wrote it.
        path: the file or folder.
        precision: of the numbers inside.
        signatures: inputs and outputs by signature: shape, dtype, and the unit of deviations.
        parity: how well it agrees with its model.
        tolerance: what it may differ by.
        facts: bytes, operations, latency.
        golden: the group of cases that it answers.
    """

    format: str
    path: Path
    precision: str
    signatures: dict[str, Any]
    parity: Parity
    tolerance: dict[str, float]
    facts: dict[str, Any]
    golden: str

    def files(self, root: Path) -> dict[str, dict[str, Any]]:
        """Bytes and checksum of each file, by its path below a folder."""
        paths = [self.path] if self.path.is_file() else sorted(self.path.rglob("*"))
        return {path.relative_to(root).as_posix(): checksum(path) for path in paths if path.is_file()}

    def to_dict(self, root: Path) -> dict[str, Any]:
        """For the manifest; paths are relative to a folder."""
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
    """Bytes and SHA-256 of a file."""
    return {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file under a hidden name and renames it: under its own it is whole, or as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.unfinished")
    new.write_bytes(content)
    new.replace(path)


def with_units(signatures: dict[str, Any], cases: dict[str, Case]) -> dict[str, Any]:
    """Signatures with the unit of each output written beside its shape."""
    for signature, case in cases.items():
        for name, unit in case.units.items():
            signatures[signature]["outputs"][name]["unit"] = unit
    return signatures


def median_seconds(call: Callable[[], Any], *, seconds: float = 0.5, most: int = 200) -> float:
    """The median time of a call, over as many as fit in some seconds, at least five."""
    call()
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < 5 or (len(times) < most and time.perf_counter() - began < seconds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))
