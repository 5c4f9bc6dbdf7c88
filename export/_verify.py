"""verify: a bundle held against its checksums and its stored answers."""

import dataclasses
import importlib
import json
from pathlib import Path
from typing import Any

from kerasae.export._verify_edge import check_artifact, check_files, read_golden

from kerasae import registry
from kerasae.backend import quiet


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a verification found.

    Attributes:
        artifacts: paths of those that were run.
        faults: a sentence each; none if all agree.
        notes: what a reader should know and is no fault.
    """

    artifacts: list[str]
    faults: list[str]
    notes: list[str]


def verify(folder: str | Path) -> Verdict:
    """Checks every file of a bundle and runs every artifact on the stored inputs.

    Raises:
        FileNotFoundError: if the folder holds no bundle.
    """
    root = Path(folder)
    if not (root / "manifest.json").is_file():
        raise FileNotFoundError(
            f"Expected an export bundle (manifest.json) in {folder}, found none; `kerasae export` makes one."
        )
    manifest = json.loads((root / "manifest.json").read_text(encoding="utf-8"))
    faults = check_files(root, manifest["files"])
    golden = {} if any(line.startswith("golden.npz") for line in faults) else read_golden(root / "golden.npz")
    run, notes = [], []
    newest = {one["format"]: one["path"] for one in manifest["artifacts"]}
    for artifact in manifest["artifacts"]:
        path = root / artifact["path"]
        if not path.exists() and artifact["path"] not in newest.values():
            notes.append(f"{artifact['path']}: an earlier version, removed since")
            continue
        found = check_files(root, artifact["files"])
        found += _additional(root, artifact)
        if not found and golden:
            module: Any = importlib.import_module(f"{registry.ROOMS['export']}.{artifact['format']}")
            try:
                # Runtimes say which delegates they take.
                with quiet(show_failure=False):
                    found = check_artifact(artifact, golden, module.open_artifact, root)
                run.append(artifact["path"])
            except ImportError as error:
                notes.append(f"{artifact['path']}: its files are as they were, but it was not run. {error}")
        faults += found
    if not manifest["artifacts"]:
        faults.append("manifest.json: no artifacts")
    listed = {one["path"] for one in manifest["artifacts"]}
    for path in sorted(root.glob("server/*/*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir() and name not in listed:
            notes.append(f"{name}: not in the manifest; its export was stopped before the end")
    return Verdict(run, faults, notes)


def _additional(root: Path, artifact: dict[str, Any]) -> list[str]:
    """Files in an artifact's folder that were not there when it was written: a server would load them."""
    path = root / artifact["path"]
    if not path.is_dir():
        return []
    here = {one.relative_to(root).as_posix() for one in path.rglob("*") if one.is_file()}
    return [f"{name}: not of this export" for name in sorted(here - set(artifact["files"]))]
