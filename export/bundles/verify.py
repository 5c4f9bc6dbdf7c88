"""verify: a bundle held against its checksums and its stored answers."""

import dataclasses
import importlib
import zipfile
from pathlib import Path
from typing import Any

from kerasae.export.bundles._publish import MANIFEST, is_interrupted
from kerasae.export.verify_edge import check_artifact, check_files, check_manifest, read_golden

from kerasae import registry
from kerasae.backend import quiet
from kerasae.files import read_sealed


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


def verify(folder: str | Path, *, run: bool = True) -> Verdict:
    """Checks every file of a bundle and runs every artifact on the stored inputs.

    A byte that was changed, in whatever file, is a fault.

    Args:
        folder: of the bundle.
        run: whether artifacts are run; without it files are held against their checksums alone.

    Raises:
        FileNotFoundError: if the folder holds no bundle.
    """
    root = Path(folder)
    if not (root / MANIFEST).is_file():
        raise FileNotFoundError(
            f"Expected an export bundle (manifest.json) in {folder}, found none; `kerasae export` makes one."
        )
    faults = []
    if is_interrupted(root):
        faults.append(
            "an export was stopped while it was published: `kerasae export` into this folder puts back what "
            "was there"
        )
    try:
        manifest = read_sealed(root / MANIFEST)
    except ValueError:
        # What it says of the artifacts cannot be trusted.
        return Verdict([], [*faults, f"{MANIFEST}: changed since it was exported (checksum)"], [])
    try:
        check_manifest(manifest)
    except ValueError as error:
        return Verdict([], [*faults, f"{MANIFEST}: {error}"], [])
    faults += check_files(root, manifest["files"])
    damaged = any(line.startswith("golden.npz") for line in faults)
    try:
        golden = {} if damaged else read_golden(root / "golden.npz")
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        golden = {}
        faults.append(f"golden.npz: cannot be read: {' '.join(str(error).split())[:200]}")
    answered, notes = [], []
    versions = [one["version"] for one in manifest["artifacts"] if one["format"] == "saved_model"]
    for artifact in manifest["artifacts"]:
        path = root / artifact["path"]
        # Servers keep old versions as long as somebody wants to go back.
        if artifact["format"] == "saved_model" and artifact["version"] < versions[-1] and not path.exists():
            notes.append(f"{artifact['path']}: an earlier version, removed since")
            continue
        found = check_files(root, artifact["files"])
        found += _additional(root, artifact)
        if run and not found and golden:
            member = registry.resolve("export", artifact["format"])
            module: Any = importlib.import_module(member.__module__)
            try:
                # Runtimes say which delegates they take.
                with quiet(show_failure=False):
                    found = check_artifact(artifact, golden, module.open_artifact, root)
                answered.append(artifact["path"])
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
    return Verdict(answered, faults, notes)


def _additional(root: Path, artifact: dict[str, Any]) -> list[str]:
    """Files in an artifact's folder that were not there when it was written: a server would load them."""
    path = root / artifact["path"]
    if not path.is_dir():
        return []
    here = {one.relative_to(root).as_posix() for one in path.rglob("*") if one.is_file()}
    return [f"{name}: not of this export" for name in sorted(here - set(artifact["files"]))]
