"""Figures as they were measured: a JSON file for each result, which `RESULTS.md` is made from."""

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

#: Folder of the files.
FOLDER = Path(__file__).parent.parent / "measured"


@dataclass(frozen=True)
class Figures:
    """Figures of a row and a seed.

    Args:
        values: Figures by the key of the measure.
        seconds: Duration, with the training.
        date: Day of the measurement, `YYYY-MM-DD`.
        machine: Processor, cores and versions.
        commit: Commit of the tree that was measured.
    """

    values: Mapping[str, float]
    seconds: float
    date: str
    machine: str
    commit: str

    @classmethod
    def now(cls, values: Mapping[str, float], seconds: float) -> "Figures":
        """Return figures that were measured here and today."""
        rounded = {key: float(f"{value:.6g}") for key, value in values.items()}
        return cls(rounded, round(seconds, 1), datetime.date.today().isoformat(), machine(), commit())


class Measured:
    """All figures of a result, in its file.

    Args:
        name: Name of the result.
        folder: Folder of the files. Defaults to `benchmarks/measured`.
    """

    def __init__(self, name: str, folder: Path = FOLDER) -> None:
        self.path = folder / f"{name}.json"

    def read(self) -> dict[str, dict[int, Figures]]:
        """Return the figures by the name of the row and the seed."""
        if not self.path.is_file():
            return {}
        stored: dict[str, Any] = json.loads(self.path.read_text())
        return {
            row: {int(seed): Figures(**figures) for seed, figures in seeds.items()}
            for row, seeds in stored.items()
        }

    def add(self, row: str, seed: int, figures: Figures) -> None:
        """Store the figures of a row and a seed, in place of earlier ones."""
        known = self.read()
        known.setdefault(row, {})[seed] = figures
        stored = {name: {str(s): vars(f) for s, f in seeds.items()} for name, seeds in known.items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
        new.replace(self.path)


def machine() -> str:
    """Return processor, cores and versions in a line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores, {_processor()}; Python {platform.python_version()}, "
        f"TensorFlow {version('tensorflow')}, Keras {version('keras')}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def commit() -> str:
    """Return the commit of the checkout, with `+` if it has changes beside those of benchmarks."""
    root = Path(__file__).parents[2]

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", "kerasae", "tuning", "export")
    return (git("rev-parse", "--short=8", "HEAD") or "unknown") + ("+" if changed else "")
