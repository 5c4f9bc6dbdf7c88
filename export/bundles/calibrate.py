"""calibrate: a new threshold for every artifact of a bundle, from fresh normal rows. No weight moves."""

import copy
import dataclasses
import datetime
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.artifact import checksum
from kerasae.export.bundles._answers import proved
from kerasae.export.bundles._contents import next_version, read_manifest, seal
from kerasae.export.bundles._publish import publish, staging
from kerasae.export.bundles._site import scores_of, spec_of
from kerasae.export.decision import Decision
from kerasae.export.deployments import FOLDER

from kerasae import registry
from kerasae.files import check_bundle, read_arrays
from kerasae.kinds import kind_of
from kerasae.progress import each

#: Signature of a detector.
DETECT = "detect"


@dataclasses.dataclass(frozen=True)
class Calibrated:
    """Result of a calibration.

    Attributes:
        folder: Folder of the bundle or the run.
        rows: Number of normal rows.
        false_alarms: Share of new normal rows that may be flagged.
        thresholds: New threshold and the former one by the path of the artifact.
        block: Number of successive rows that may depend on each other. Defaults to 1.
    """

    folder: Path
    rows: int
    false_alarms: float
    thresholds: dict[str, tuple[float, float | None]]
    block: int = 1

    @property
    def promised(self) -> float:
        """Least share of false alarms that the rows can promise for any distribution of the scores."""
        return self.block / (self.rows + self.block)


def calibrate_bundle(
    folder: str | Path, source: str | Path, *, false_alarms: float | None = None
) -> Calibrated:
    """Write a new threshold and calibration into every artifact of a bundle that answers `detect`.

    Each artifact scores the rows itself: the scores of int8 differ a little from those of float32, and so
    does its threshold. The new bundle is made beside the old one and proved there: each artifact must answer
    the stored inputs with the new p-values and decisions. Then it takes the place of the old one, or nothing
    changes. A server gets the next version beside the old ones.

    Args:
        folder: Folder of the bundle.
        source: Fresh normal rows, as `kerasae score` reads them.
        false_alarms: Share of new normal rows that may be flagged, in (0, 1). Defaults to `None`, 0.02 for
            windows of a log and 0.05 for other rows.

    Raises:
        FileNotFoundError: If there is no bundle.
        ValueError: If there are too few rows for the rate, no artifact has a detector, the bundle was
            changed, or an artifact does not answer as it should. Nothing is written.
    """
    root = Path(folder)
    check_bundle(root)
    with staging(root) as new:
        manifest = read_manifest(root)
        version = next_version(root, manifest)
        chosen = _detecting(manifest, root)
        rate = kind_of(spec_of(root)).false_alarms if false_alarms is None else false_alarms
        scores, block = scores_of(root, chosen, source)
        decisions = {path: Decision.of(values, rate, block) for path, values in scores.items()}
        _copy(manifest, root, new)
        golden = read_arrays(root / "golden.npz")
        parity = json.loads((root / "parity.json").read_text(encoding="utf-8"))
        made, before = copy.deepcopy(manifest), {}
        for entry in each("calibrate", manifest["artifacts"], lambda one: str(one["path"])):
            if entry["path"] not in decisions:
                continue
            decision = decisions[entry["path"]]
            former = entry["facts"].get("detector") or manifest["model"]["detector"] or {}
            changed = _changed(entry, decision, version, root, new)
            before[changed["path"]] = (decision.threshold, former.get("threshold"))
            golden, outputs = proved(changed, golden, decision, new)
            parity[changed["path"]] = {**parity[entry["path"]], "outputs": outputs}
            if changed["path"] == entry["path"]:
                made["artifacts"][manifest["artifacts"].index(entry)] = changed
            else:
                made["artifacts"].append(changed)
        first = decisions[chosen[0]["path"]]
        _finish(made, golden, parity, first, version, root, new)
        publish(root)
    return Calibrated(root, first.calibration.rows, rate, before, block)


def _detecting(manifest: dict[str, Any], root: Path) -> list[dict[str, Any]]:
    """Return the entries of the artifacts to calibrate: those with a detector, the newest of a server."""
    newest: dict[str, dict[str, Any]] = {}
    for entry in manifest["artifacts"]:
        if DETECT in entry["signatures"] and (root / entry["path"]).exists():
            # The path of a server version ends with its number.
            name = entry["path"]
            newest[name.rpartition("/")[0] if name.startswith("server/") else name] = entry
    if not newest and (reason := manifest["model"].get("detector_left_out")):
        raise ValueError(
            f"Expected a bundle with a detector in {root}, received one without. {reason} Export the run "
            "without --size."
        )
    if not newest:
        raise ValueError(
            f"Expected a bundle with a detector in {root}, received one without; run `kerasae apply anomaly` "
            "on the run, and export it again."
        )
    return [*newest.values()]


def _copy(manifest: dict[str, Any], root: Path, new: Path) -> None:
    """Copy everything but the versions of a server, which stay, and the files to deploy, which are new."""
    names = {*manifest["files"], *(name for one in manifest["artifacts"] for name in one["files"])}
    for name in sorted(names):
        if not name.startswith(("server/", f"{FOLDER}/")) and (root / name).is_file():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, new / name)


def _changed(
    entry: dict[str, Any], decision: Decision, version: int, root: Path, new: Path
) -> dict[str, Any]:
    """Calibrate the copy of an artifact, and return its new entry of the manifest."""
    name = entry["path"]
    if name.startswith("server/"):
        name = f"{name.rpartition('/')[0]}/{version}"
        shutil.copytree(root / entry["path"], new / name)
    member: Any = registry.resolve("export", entry["format"])
    member.calibrate(new / name, decision)
    files = [new / name] if (new / name).is_file() else sorted((new / name).rglob("*"))
    sums = {path.relative_to(new).as_posix(): checksum(path) for path in files if path.is_file()}
    if not name.startswith("server/"):
        # Files that go with an artifact, besides those in its folder.
        sums = {one: checksum(new / one) for one in entry["files"]} | sums
    base = entry["golden"].partition("/")[0]
    group = f"{base}/{version}" if base == "server" else f"{base}/{entry['precision']}-{version}"
    facts = {
        **entry["facts"],
        "bytes": sum(one["bytes"] for one in sums.values()),
        "detector": decision.facts,
    }
    # The answers of the export stay, because each calibration leaves some of their rows out.
    exported = entry.get("exported", entry["golden"])
    groups = {"golden": group, "exported": exported}
    return {**entry, "path": name, "version": version, **groups, "files": sums, "facts": facts}


def _finish(
    manifest: dict[str, Any],
    golden: dict[str, np.ndarray],
    parity: dict[str, Any],
    first: Decision,
    version: int,
    root: Path,
    new: Path,
) -> None:
    """Write the files of the new bundle that follow from its artifacts."""
    manifest["version"] = version
    manifest["created"] = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    _decided(manifest["model"], first)
    used = {one[key] for one in manifest["artifacts"] for key in ("golden", "exported") if key in one}
    golden = {key: values for key, values in golden.items() if key.partition(":")[0] in used}
    for path in new.glob("*/facts.json"):
        facts = json.loads(path.read_text(encoding="utf-8"))
        _decided(facts, first)
        path.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    seal(new, root, manifest, parity, golden)


def _decided(facts: dict[str, Any], decision: Decision) -> None:
    """Note a decision in facts of a model with a detector; an artifact of an earlier export may have none."""
    if facts["detector"] is not None:
        facts["detector"] |= decision.facts
