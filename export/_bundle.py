"""The bundle: all artifacts of a model in one folder, published at once or not at all.

    ship/
      server/NAME/1/       the versions, as TensorFlow Serving looks for them, and its configurations
      versions/2/          what goes with the latest export; `current` is a link to it, and
      edge  manifest.json  golden.npz  parity.json  README.md  verify_edge.py   are links through `current`

An export writes into a hidden folder, and at the end moves the server's version into place, then the
folder, then the link: one rename, before which all that was there is as it was.
"""

import contextlib
import dataclasses
import datetime
import fcntl
import importlib
import importlib.util
import json
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export import _verify_edge
from kerasae.export._artifact import Artifact, checksum, median_seconds
from kerasae.export._card import write_card
from kerasae.export._parity import ExportError, ParityError, golden_arrays
from kerasae.export._serving import write_configs
from kerasae.export._subject import Subject
from kerasae.export._views import edge_view
from kerasae.export.tflite import PRECISIONS

import kerasae
from kerasae import registry
from kerasae.codec import fingerprint

#: Bytes that the stored inputs and answers of a side may take, and the least and most rows.
_GOLDEN_BYTES, _GOLDEN_ROWS = 2**20, (4, 32)


def bundle(
    source: Any,
    out: str | Path,
    *,
    formats: Sequence[str] | None = None,
    also: Sequence[str] = (),
    precisions: Sequence[str] | None = None,
    tolerance: dict[str, float] | None = None,
    **subject: Any,
) -> list[Artifact]:
    """Exports a model in several formats into one folder, with all that a reader needs to trust it.

    An artifact that does not agree with the model is left out. One that was asked for by name, in `formats`,
    `also` or `precisions`, ends the export; one of the default set leaves the others, with a warning, and the
    manifest, `parity.json` and the card say why it is not there.

    Args:
        source: a run, its folder, a built model, or a `Subject`.
        out: the folder; where it is a bundle already, the next server version goes beside the old
            ones and the files for devices are replaced, those of another model removed.
        formats: members of `kerasae.export`; by default all that can be written here, but for those
            that are written on request alone.
        also: members beside those, such as `tiny` and `trainable`.
        precisions: of the files for devices; by default all four.
        tolerance: what may differ by how much, in place of the defaults.
        **subject: `data`, `examples`, `calibration` and `name`, as for `Subject.of`.

    Returns:
        What was written.

    Raises:
        FileExistsError: if the folder is there and is no bundle.
        ExportError: if an artifact that was asked for cannot leave, or none of the default set can: above all
            a ParityError; nothing is changed.
        ValueError: for an unknown format or precision.

    Warns:
        UserWarning: for each artifact of the default set that is left out.
    """
    root = Path(out)
    asked_formats = formats is not None
    formats = list(dict.fromkeys([*(available() if formats is None else formats), *also]))
    for name in formats:
        registry.resolve("export", name)
    if root.exists() and (not root.is_dir() or (any(root.iterdir()) and not (root / "versions").is_dir())):
        raise FileExistsError(
            f"Expected a new folder or an export bundle for --out, received {root}, which is kept as it "
            "is; choose another."
        )
    what = source if isinstance(source, Subject) else Subject.of(source, **subject)
    with _locked(root), _staging(root) as (folder, version):
        members: list[Any] = [registry.resolve("export", name) for name in formats]
        modules = [importlib.import_module(member.__module__) for member in members]
        for module in modules:
            # Sooner than after minutes of other formats.
            if hasattr(module, "check"):
                module.check(what)
        written, refused = [], []
        for name, member, module in zip(formats, members, modules, strict=True):
            asked = name in also or asked_formats
            failed = []
            places = module.places(what.name, version, precisions or PRECISIONS)
            for place, arguments in places:
                try:
                    written.append(member(what, folder / place, tolerance=tolerance, **arguments))
                except ExportError as error:
                    by_name = precisions is not None if "precision" in arguments else asked
                    failed.append(Refused(name, place, arguments.get("precision", "float32"), error))
                    if by_name or (asked and len(failed) == len(places)):
                        raise
            refused += failed
        if not written:
            raise refused[0].error
        for one in refused:
            warnings.warn(one.sentence, stacklevel=2)
        _describe(what, folder, root, version, written, refused)
        _publish(folder, root, version)
    return [dataclasses.replace(one, path=root / one.path.relative_to(folder)) for one in written]


@dataclasses.dataclass(frozen=True)
class Refused:
    """An artifact of the default set that was left out of a bundle.

    Args:
        format: the member of the room that did not write it.
        path: where it would be, relative to the bundle.
        precision: of the numbers inside.
        error: why it cannot leave.
    """

    format: str
    path: str
    precision: str
    error: ExportError

    @property
    def sentence(self) -> str:
        """What a user is told."""
        return f"{self.path} was left out: {self.reason}."

    @property
    def reason(self) -> str:
        """Why it cannot leave, without advice."""
        return getattr(self.error, "reason", str(self.error)).rstrip(".")

    def to_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return {"format": self.format, "path": self.path, "precision": self.precision, "reason": self.reason}


def available() -> list[str]:
    """The formats of every export whose own requirements, those of an extra, are installed."""
    found = []
    for name in registry.names("export"):
        module = importlib.import_module(f"{registry.ROOMS['export']}.{name}")
        installed = all(importlib.util.find_spec(one) for one in getattr(module, "REQUIRES", ()))
        if installed and not getattr(module, "ON_REQUEST", False):
            found.append(name)
    return found


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One export at a time; the lock goes with the process."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(f"Expected no other export into {root}, but one is running.") from None
        try:
            yield
        finally:
            # What a failed first export leaves is an empty folder, and no folder is better.
            leftover = {path.name for path in root.iterdir()} == {".lock"}
            (root / ".lock").unlink()
            if leftover:
                root.rmdir()


@contextlib.contextmanager
def _staging(root: Path) -> Iterator[tuple[Path, int]]:
    """A hidden folder for the next version, gone afterwards."""
    # Of exports that were killed.
    for stale in root.glob(".unfinished-*"):
        if stale.is_symlink():
            stale.unlink()
        else:
            shutil.rmtree(stale)
    taken = [path.name for path in (*root.glob("server/*/*"), *root.glob("versions/*"))]
    version = 1 + max((int(name) for name in taken if name.isdigit()), default=0)
    folder = root / f".unfinished-{version}"
    folder.mkdir()
    try:
        yield folder, version
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _describe(
    subject: Subject,
    folder: Path,
    root: Path,
    version: int,
    written: list[Artifact],
    refused: list[Refused],
) -> None:
    """Golden answers, vocabulary, parity, card and manifest, with what is kept of earlier exports."""
    earlier = _read_json(root / "manifest.json")
    model = fingerprint(subject.model)
    kept = [one for one in earlier.get("artifacts", ()) if _is_kept(one, root, written, model)]
    golden = _kept_golden(root, kept)
    entries, parity = [], _read_json(root / "parity.json")
    parity = {one["path"]: parity[one["path"]] for one in kept}
    for artifact in written:
        entry = {**artifact.to_dict(folder), "version": version, "model": model}
        if artifact.golden == "server":
            entry["golden"] = f"server/{version}"
        entries.append(entry)
        parity[entry["path"]] = artifact.parity.to_dict()
        if not any(key.startswith(f"{entry['golden']}:") for key in golden):
            cases = subject.cached(artifact.golden, dict)
            golden |= golden_arrays(entry["golden"], cases, _rows(subject))
    for left_out in refused:
        if isinstance(left_out.error, ParityError):
            parity[left_out.path] = left_out.error.parity.to_dict()
    for one in kept:
        for name in one["files"]:
            if _side(one) != "server":
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name)
    vocabulary = edge_view(subject.preprocessor).vocabulary()
    for side in {_side(entry) for entry in (*kept, *entries)} - {"server"}:
        if any(_side(entry) == side for entry in entries):
            if vocabulary is not None:
                _write_json(folder / side / "vocabulary.json", vocabulary)
        elif (root / side / "vocabulary.json").is_file():
            shutil.copy2(root / side / "vocabulary.json", folder / side / "vocabulary.json")
    arrays: Any = golden
    np.savez_compressed(folder / "golden.npz", **arrays)
    _write_json(folder / "parity.json", parity)
    shutil.copyfile(_verify_edge.__file__, folder / "verify_edge.py")
    manifest = {
        "kerasae": kerasae.__version__,
        "name": subject.name,
        "version": version,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "model": _model_facts(subject),
        "artifacts": [*kept, *entries],
        "refused": [one.to_dict() for one in refused],
    }
    write_card(folder / "README.md", manifest, parity)
    names = ["golden.npz", "parity.json", "README.md", "verify_edge.py"]
    names += [path.relative_to(folder).as_posix() for path in sorted(folder.glob("*/vocabulary.json"))]
    manifest["files"] = {name: checksum(folder / name) for name in names}
    _write_json(folder / "manifest.json", manifest)
    if any(path.is_dir() for path in (folder / "server").glob("*")):
        write_configs(folder / "server", sorted({*_served(root), *_served(folder)}))


def _model_facts(subject: Subject) -> dict[str, Any]:
    model, spec = subject.model, subject.preprocessor.spec
    x = subject.preprocessor.to_x(subject.held_out[:1])
    return {
        "family": type(model).__name__,
        "kind": spec.kind,
        "shape": list(spec.shape),
        "latent_dim": model.latent_dim,
        "parameters": int(model.count_params()),
        "error_unit": model.reconstruction_loss.error_unit,
        "keras_call_ms": 1e3 * median_seconds(lambda: model(x)),
    }


def _rows(subject: Subject) -> int:
    size = 4 * int(np.prod(subject.preprocessor.spec.shape)) * 6
    low, high = _GOLDEN_ROWS
    return max(low, min(high, _GOLDEN_BYTES // size))


def _is_kept(entry: dict[str, Any], root: Path, written: list[Artifact], model: str) -> bool:
    """Whether an artifact of an earlier export stays: server versions do, others of the same model if
    none are new."""
    if not (root / entry["path"]).exists():
        return False
    if _side(entry) == "server":
        return True
    return entry.get("model") == model and all(one.golden != entry["golden"] for one in written)


def _side(entry: dict[str, Any]) -> str:
    """The folder of a bundle that an artifact lies in."""
    return entry["path"].partition("/")[0]


def _kept_golden(root: Path, kept: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    groups = {entry["golden"] for entry in kept}
    if not groups:
        return {}
    with np.load(root / "golden.npz", allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files if key.partition(":")[0] in groups}


def _served(root: Path) -> list[str]:
    return [path.name for path in (root / "server").glob("*") if path.is_dir()]


def _publish(folder: Path, root: Path, version: int) -> None:
    """Moves a finished version into place; the last rename is the one that counts."""
    (root / "versions").mkdir(exist_ok=True)
    for place in (folder / "server").glob("*/*"):
        target = root / "server" / place.parent.name / place.name
        target.parent.mkdir(parents=True, exist_ok=True)
        place.rename(target)
    for config in (folder / "server").glob("*.config"):
        config.replace(root / "server" / config.name)
    shutil.rmtree(folder / "server", ignore_errors=True)
    folder.rename(root / "versions" / str(version))
    for path in sorted((root / "versions" / str(version)).iterdir()):
        _link(root / path.name, Path("current") / path.name)
    _link(root / "current", Path("versions") / str(version))
    # What nothing points to any more; a kill in here leaves some, which the next export removes.
    for path in (root / "versions").iterdir():
        if path.name != str(version):
            shutil.rmtree(path, ignore_errors=True)


def _link(link: Path, target: Path) -> None:
    """Makes a link, or points it elsewhere, in one step."""
    if link.is_symlink() and link.readlink() == target:
        return
    new = link.with_name(f".unfinished-{link.name}")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _write_json(path: Path, values: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
