"""Files of a bundle beside its artifacts: stored answers, parity, card, configurations and manifest."""

import datetime
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export import verify_edge
from kerasae.export.artifact import Artifact, checksum
from kerasae.export.bundles._publish import MANIFEST
from kerasae.export.bundles._serving import write_configs
from kerasae.export.bundles.card import write_card
from kerasae.export.deployments import FOLDER, deployments_of, write_deployments
from kerasae.export.facts import crop_facts, detector_facts, facts_of
from kerasae.export.file_formats import BUNDLE_FORMAT
from kerasae.export.parity import ExportError, ParityError, golden_arrays
from kerasae.export.subject import Subject
from kerasae.export.timing import median_seconds
from kerasae.export.views import edge_view

import kerasae
from kerasae.codec import fingerprint
from kerasae.files import read_arrays, read_sealed, write_sealed
from kerasae.kinds import kind_of

#: Largest size of the stored inputs and answers of a side, and smallest and largest number of rows.
_GOLDEN_BYTES, _GOLDEN_ROWS = 2**20, (4, 32)
#: Files for the programs of clients, in the folder of each side but the server.
_CLIENT_FILES = ("vocabulary.json", "facts.json")
#: Git must not change line ends in text files, because their checksums would change.
_GIT_ATTRIBUTES = "* -text\n"


def read_manifest(root: Path) -> dict[str, Any]:
    """Return the manifest of a bundle; an empty dict if there is none yet.

    Raises:
        ValueError: If it was changed since it was written, or a newer kerasae wrote it.
    """
    if not (root / MANIFEST).is_file():
        return {}
    manifest = read_sealed(root / MANIFEST, BUNDLE_FORMAT)
    verify_edge.check_manifest(manifest)
    return manifest


def next_version(root: Path, manifest: dict[str, Any]) -> int:
    """Return the number of the next server version, larger than all before."""
    taken = [int(path.name) for path in root.glob("server/*/*") if path.name.isdigit()]
    return 1 + max([*taken, manifest.get("version", 0)])


def write_contents(
    subject: Subject,
    folder: Path,
    root: Path,
    earlier: dict[str, Any],
    version: int,
    written: list[Artifact],
    refused: list[tuple[dict[str, Any], ExportError]],
) -> None:
    """Write the files that go with the artifacts of an export, and copy what is kept of earlier exports.

    Args:
        subject: Model that was exported.
        folder: Folder of the new artifacts.
        root: Folder of the bundle.
        earlier: Manifest of the bundle before this export.
        version: Number of this export.
        written: New artifacts.
        refused: Entries of the manifest for artifacts that were left out, each with its error.
    """
    model = fingerprint(subject.model)
    kept = [one for one in earlier.get("artifacts", ()) if _is_kept(one, root, written, model)]
    golden = _kept_golden(root, kept)
    entries, parity = [], {}
    if kept:
        before = json.loads((root / "parity.json").read_text(encoding="utf-8"))
        parity = {one["path"]: before[one["path"]] for one in kept}
    for artifact in written:
        entry = {**artifact.to_dict(folder), "version": version, "model": model}
        if _side(entry) == "server":
            # Older versions stay in the bundle, with their answers.
            entry["golden"] = f"{artifact.golden}/{version}"
        entries.append(entry)
        parity[entry["path"]] = artifact.parity.to_dict()
        if not any(key.startswith(f"{entry['golden']}:") for key in golden):
            cases = subject.cached(artifact.golden, dict)
            golden |= golden_arrays(entry["golden"], cases, _rows(subject))
    for left_out, error in refused:
        if isinstance(error, ParityError):
            parity[left_out["path"]] = error.parity.to_dict()
    for one in kept:
        for name in one["files"]:
            if _side(one) != "server":
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name)
    _write_client_files(subject, folder, root, kept, entries)
    manifest = {
        "kerasae": kerasae.__version__,
        "name": subject.name,
        "version": version,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "model": _model_facts(subject),
        "artifacts": [*kept, *entries],
        "refused": [left_out for left_out, _ in refused],
    }
    seal(folder, root, manifest, parity, golden)


def seal(
    folder: Path,
    root: Path,
    manifest: dict[str, Any],
    parity: dict[str, Any],
    golden: dict[str, np.ndarray],
) -> None:
    """Write the files of a bundle that follow from its artifacts, and the manifest last.

    Args:
        folder: Folder of the new artifacts.
        root: Folder of the bundle.
        manifest: Manifest, without the checksums of the files that are in no artifact.
        parity: Content of `parity.json`: measures by the path of the artifact.
        golden: Stored inputs and answers.
    """
    arrays: Any = golden
    np.savez_compressed(folder / "golden.npz", **arrays)
    _write_json(folder / "parity.json", parity)
    shutil.copyfile(verify_edge.__file__, folder / "verify_edge.py")
    deployments = deployments_of(manifest)
    write_deployments(deployments, folder)
    write_card(folder / "README.md", manifest, parity, deployments)
    (folder / ".gitattributes").write_text(_GIT_ATTRIBUTES, encoding="utf-8")
    names = sorted({*_served(root), *_served(folder)})
    if names:
        (folder / "server").mkdir(exist_ok=True)
        write_configs(folder / "server", names)
    # The files of an artifact are in its own entry.
    loose = [*folder.glob("*"), *folder.glob("server/*.config"), *folder.glob(f"{FOLDER}/**/*")]
    loose += [path for name in _CLIENT_FILES for path in folder.glob(f"*/{name}")]
    files = sorted(path.relative_to(folder).as_posix() for path in loose if path.is_file())
    manifest["files"] = {name: checksum(folder / name) for name in files}
    write_sealed(folder / MANIFEST, manifest, BUNDLE_FORMAT)


def _write_client_files(
    subject: Subject, folder: Path, root: Path, kept: list[dict[str, Any]], entries: list[dict[str, Any]]
) -> None:
    """Write `facts.json` and `vocabulary.json` for each side with new artifacts, and copy those of others."""
    view = edge_view(subject.preprocessor)
    contents = {"facts.json": facts_of(subject, view), "vocabulary.json": view.vocabulary()}
    for side in {_side(entry) for entry in (*kept, *entries)} - {"server"}:
        for name, content in contents.items():
            if any(_side(entry) == side for entry in entries):
                if content is not None:
                    _write_json(folder / side / name, content)
            elif (root / side / name).is_file():
                shutil.copy2(root / side / name, folder / side / name)


def _model_facts(subject: Subject) -> dict[str, Any]:
    model, spec = subject.model, subject.preprocessor.spec
    x = subject.preprocessor.to_x(subject.held_out[:1])
    return {
        "family": type(model).__name__,
        "kind": spec.kind,
        "shape": list(spec.shape),
        **crop_facts(subject),
        "latent_dim": model.latent_dim,
        "parameters": int(model.count_params()),
        "input": _input_facts(subject),
        "error_unit": model.reconstruction_loss.error_unit,
        "detector": detector_facts(subject),
        "detector_left_out": subject.left_out,
        "keras_call_ms": 1e3 * median_seconds(lambda: model(x)),
    }


def _input_facts(subject: Subject) -> dict[str, Any] | None:
    """Return type and range of the raw numbers of images and vectors; `None` for other kinds.

    The range is a list if the features have different ones.
    """
    spec = subject.preprocessor.spec
    if not kind_of(spec).is_array:
        return None
    ends = (getattr(subject.preprocessor, side, getattr(spec, side)) for side in ("low", "high"))
    low, high = (None if end is None else np.asarray(end, "float64").tolist() for end in ends)
    return {"dtype": spec.dtype, "low": low, "high": high}


def _rows(subject: Subject) -> int:
    size = 4 * int(np.prod(subject.preprocessor.spec.shape)) * 6
    low, high = _GOLDEN_ROWS
    return max(low, min(high, _GOLDEN_BYTES // size))


def _is_kept(entry: dict[str, Any], root: Path, written: list[Artifact], model: str) -> bool:
    """Return whether an artifact of an earlier export stays in the bundle.

    A server version stays. Another artifact stays if it is of the same model and its group has no new one.
    """
    if not (root / entry["path"]).exists():
        return False
    if _side(entry) == "server":
        return True
    # A calibration gives each artifact a group of its own, `edge/int8-2`.
    group = entry["golden"].partition("/")[0]
    return entry.get("model") == model and all(one.golden != group for one in written)


def _side(entry: dict[str, Any]) -> str:
    """Return the folder of a bundle that contains an artifact, such as `edge`."""
    return entry["path"].partition("/")[0]


def _kept_golden(root: Path, kept: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    groups = {entry[key] for entry in kept for key in ("golden", "exported") if key in entry}
    if not groups:
        return {}
    stored = read_arrays(root / "golden.npz")
    return {key: array for key, array in stored.items() if key.partition(":")[0] in groups}


def _served(root: Path) -> list[str]:
    """Return the names of the models in the folder `server`."""
    return [path.name for path in (root / "server").glob("*") if path.is_dir()]


def _write_json(path: Path, values: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
