"""verify: a comparison of a bundle with its checksums and its stored answers."""

import dataclasses
import zipfile
from pathlib import Path
from typing import Any

from kerasae.export.bundles._publish import MANIFEST, is_interrupted
from kerasae.export.file_formats import BUNDLE_FORMAT
from kerasae.export.verify_edge import check_artifact, check_files, check_manifest, read_golden

from kerasae import registry
from kerasae.backend import quiet
from kerasae.files import NewerFormatError, check_bundle, read_sealed
from kerasae.progress import each
from kerasae.remote import fetched


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Result of a verification.

    Attributes:
        artifacts: Paths of the artifacts that were run.
        faults: A sentence for each fault; none if all artifacts agree.
        notes: Sentences that a reader should know, although they are no faults.
    """

    artifacts: list[str]
    faults: list[str]
    notes: list[str]

    @property
    def sentence(self) -> str:
        """Result in a sentence."""
        verdict = _counted(self.faults, "fault") if self.faults else "all agree with the model"
        return f"{_counted(self.artifacts, 'artifact')} run: {verdict}"


def verify(folder: str | Path, *, run: bool = True) -> Verdict:
    """Check every file of a bundle and run every artifact on the stored inputs.

    A changed byte in any file is a fault.

    Args:
        folder: Folder of the bundle, or its address.
        run: Whether to run the artifacts. If False, only the checksums are compared. Defaults to True.

    Raises:
        FileNotFoundError: If the folder contains no bundle.
        NewerFormatError: If a newer kerasae wrote the bundle.
    """
    root = fetched(folder)
    check_bundle(root, folder)
    faults = []
    if is_interrupted(root):
        faults.append(
            "an export was stopped while it was published: `kerasae export` into this folder puts back what "
            "was there"
        )
    try:
        manifest = read_sealed(root / MANIFEST, BUNDLE_FORMAT)
    except NewerFormatError:
        raise
    except ValueError:
        # The rest of the manifest cannot be trusted.
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
    versions = [one["version"] for one in manifest["artifacts"] if _on_server(one)]
    for artifact in each("verify", manifest["artifacts"], lambda one: str(one["path"])):
        path = root / artifact["path"]
        # A user may remove old versions of a server.
        if _on_server(artifact) and artifact["version"] < versions[-1] and not path.exists():
            notes.append(f"{artifact['path']}: an earlier version, removed since")
            continue
        its_faults = check_files(root, artifact["files"]) + _additional(root, artifact)
        if run and not its_faults and golden:
            try:
                its_faults = _run(artifact, golden, root)
                answered.append(artifact["path"])
            except ImportError as error:
                notes.append(f"{artifact['path']}: its files are as they were, but it was not run. {error}")
        faults += its_faults
    if not manifest["artifacts"]:
        faults.append("manifest.json: no artifacts")
    listed = {one["path"] for one in manifest["artifacts"]}
    for path in sorted(root.glob("server/*/*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir() and name not in listed:
            notes.append(f"{name}: not in the manifest; its export was stopped before the end")
    return Verdict(answered, faults, notes)


def _counted(things: list[str], name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) != 1)}"


def _on_server(artifact: dict[str, Any]) -> bool:
    return artifact["path"].startswith("server/")


def _run(artifact: dict[str, Any], golden: dict[str, Any], root: Path) -> list[str]:
    """Run an artifact, and return a sentence for each signature whose answers differ.

    Raises:
        ImportError: If the format is unknown here, or a package that it needs is not installed.
    """
    try:
        member: Any = registry.resolve("export", artifact["format"])
    except ValueError as error:
        raise ImportError(error) from None
    # Runtimes report their delegates.
    with quiet(show_failure=False):
        return check_artifact(artifact, golden, member.open, root)


def _additional(root: Path, artifact: dict[str, Any]) -> list[str]:
    """Return a sentence for each additional file in the folder of a server, which would load it.

    In other folders, such as those of C code, a user builds and keeps files.
    """
    path = root / artifact["path"]
    if not artifact["path"].startswith("server/"):
        return []
    here = {one.relative_to(root).as_posix() for one in path.rglob("*") if one.is_file()}
    return [f"{name}: not of this export" for name in sorted(here - set(artifact["files"]))]
