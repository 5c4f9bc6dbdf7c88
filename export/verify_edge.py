"""Verifies the files for devices of an export bundle; needs numpy and ai-edge-litert alone.

    pip install ai-edge-litert numpy
    python verify_edge.py [BUNDLE]

Each file is held against its checksum; those for devices are run on the stored inputs and compared
with what the model answered before it was exported. Exit status 0 if all agree, 1 if not, 2 without a
bundle.
"""

import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np


class EdgeModel:
    """A .tflite file, run row by row on one thread.

    Args:
        content: Bytes of the file.
    """

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._runners: dict[str, Any] = {}

    def signatures(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return inputs and outputs of each signature: shape and dtype by name."""
        described = {}
        for name in self._interpreter.get_signature_list():
            runner = self._runner(name)
            sides = {"inputs": runner.get_input_details(), "outputs": runner.get_output_details()}
            described[name] = {
                side: {
                    key: {"shape": [int(n) for n in one["shape"]], "dtype": np.dtype(one["dtype"]).name}
                    for key, one in details.items()
                }
                for side, details in sides.items()
            }
        return described

    def _runner(self, name: str) -> Any:
        if name not in self._runners:
            self._runners[name] = self._interpreter.get_signature_runner(name)
        return self._runners[name]

    def run(self, signature: str, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the answers to rows that are sent one at a time, stacked.

        Raises:
            ValueError: if a row does not have the shape of the signature. The runtime would resize its
                input instead.
        """
        runner = self._runner(signature)
        for name, one in runner.get_input_details().items():
            expected, received = tuple(one["shape"][1:].tolist()), np.shape(sent[name])[1:]
            if received != expected:
                raise ValueError(
                    f"Expected rows of shape {expected} for `{name}` of {signature}, received {received}."
                )
        rows = len(next(iter(sent.values())))
        answers = [
            # A copy: the runner answers with views of memory that the next call writes to.
            {key: np.array(value) for key, value in runner(**_row(sent, i)).items()}
            for i in range(rows)
        ]
        return {key: np.concatenate([one[key] for one in answers]) for key in answers[0]}


def _row(sent: dict[str, np.ndarray], i: int) -> dict[str, np.ndarray]:
    return {key: value[i : i + 1] for key, value in sent.items()}


class TrainableModel(EdgeModel):
    """A .tflite file that learns: the weights live in the interpreter, and a new one begins with the file's.

    Args:
        content: Bytes of the file.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.content = content

    def restart(self) -> None:
        """Go back to the weights of the file."""
        super().__init__(self.content)

    def call(self, signature: str, **sent: Any) -> dict[str, np.ndarray]:
        """Return the answer to one call, which may change the weights."""
        return {name: np.array(value) for name, value in self._runner(signature)(**sent).items()}

    def run(self, signature: str, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the answers to calls in turn, `(calls, ...)`, from the weights of the file on."""
        self.restart()
        calls = len(next(iter(sent.values()))) if sent else 1
        answers = [
            self.call(signature, **{name: value[i] for name, value in sent.items()}) for i in range(calls)
        ]
        return {name: np.stack([one[name] for one in answers]) for name in answers[0]}


#: What runs the files for devices, by format.
RUNTIMES = {"tflite": EdgeModel, "trainable": TrainableModel}


def compare(expected: np.ndarray, got: np.ndarray, unit: Any = 1.0) -> dict[str, float]:
    """How far an output is from what was expected.

    Args:
        expected: Answers of the model.
        got: Answers of the artifact.
        unit: Unit of deviations, a number or one for each entry of the last axis; 0
            where entries are codes, which agree or do not.

    Returns:
        `max_deviation` and `mean_deviation` of numbers, in units; `agreement` of codes, ids and
        strings, a share.
    """
    if expected.shape != got.shape:
        return {"max_deviation": float("inf"), "mean_deviation": float("inf"), "agreement": 0.0}
    if expected.dtype.kind not in "fc":
        return {"agreement": float(np.mean(expected == got))}
    unit = np.broadcast_to(np.asarray(unit, "float64"), expected.shape)
    numbers = unit > 0
    measures = {}
    if not numbers.all():
        measures["agreement"] = float(np.mean(np.round(got[~numbers]) == expected[~numbers]))
    if numbers.any():
        one, other = expected[numbers].astype("float64"), got[numbers].astype("float64")
        equal = (one == other) | (np.isnan(one) & np.isnan(other))
        with np.errstate(invalid="ignore"):
            deviation = np.where(equal, 0.0, np.abs(other - one) / unit[numbers])
        # A number where none was expected, or none where one was, is as far off as can be.
        deviation = np.where(np.isnan(deviation), np.inf, deviation)
        measures["max_deviation"], measures["mean_deviation"] = (
            float(deviation.max()),
            float(deviation.mean()),
        )
    return measures


#: Measures of which less is better; of the others more is.
LOWER = ("max_deviation", "mean_deviation", "error_ratio", "score_shift")


def breaches(measures: dict[str, float], tolerance: dict[str, float], where: str) -> list[str]:
    """Return a sentence for each measure outside its tolerance."""
    said = []
    for key, value in measures.items():
        if key not in tolerance:
            continue
        bound = tolerance[key]
        # Written so that NaN is a breach.
        within = value <= bound if key in LOWER else value >= bound
        if not within:
            side = "at most" if key in LOWER else "at least"
            said.append(f"{where}: {key} {value:.3g}, expected {side} {bound:g}")
    return said


def read_golden(path: Path) -> dict[str, np.ndarray]:
    """Return the stored arrays by name; strings come back as arrays of bytes."""
    arrays: dict[str, np.ndarray] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:
            name, _, part = key.partition("|")
            if part == "bytes":
                ends = np.cumsum(stored[f"{name}|lengths"])
                whole = stored[key].tobytes()
                starts = [0, *ends[:-1]]
                texts = [whole[start:end] for start, end in zip(starts, ends, strict=True)]
                arrays[name] = np.array([*texts, None], dtype=object)[:-1]
            elif not part:
                arrays[name] = stored[key]
    return arrays


def golden_case(
    golden: dict[str, np.ndarray], group: str, signature: str
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return what is sent to a signature, and what was answered."""
    sides = []
    for side in ("in", "out"):
        prefix = f"{group}:{signature}:{side}:"
        sides.append({key[len(prefix) :]: value for key, value in golden.items() if key.startswith(prefix)})
    return sides[0], sides[1]


def check_files(folder: Path, files: dict[str, dict[str, Any]]) -> list[str]:
    """Return a sentence for each file that is missing or not as it was written."""
    said = []
    for name, noted in files.items():
        path = folder / name
        if not path.is_file():
            said.append(f"{name}: missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != noted["sha256"]:
            said.append(f"{name}: changed since it was exported (checksum)")
    return said


def check_answers(artifact: dict[str, Any], golden: dict[str, np.ndarray], run: Any) -> list[str]:
    """Return a sentence for each signature whose answers are not those of the model, within tolerance."""
    said = []
    if not artifact["tolerance"]:
        said.append(f"{artifact['path']}: no tolerance in the manifest")
    for signature, described in artifact["signatures"].items():
        sent, expected = golden_case(golden, artifact["golden"], signature)
        missing = [name for name in described["inputs"] if name not in sent]
        missing += [name for name in described["outputs"] if name not in expected]
        if missing:
            said.append(f"{artifact['path']} {signature}: {', '.join(missing)} not stored in golden.npz")
            continue
        got = run(signature, sent)
        for name, value in expected.items():
            measures = compare(value, got[name], described["outputs"][name].get("unit", 1.0))
            said += breaches(measures, artifact["tolerance"], f"{artifact['path']} {signature} {name}")
    return said


def check_artifact(
    artifact: dict[str, Any], golden: dict[str, np.ndarray], open_artifact: Any, folder: Path
) -> list[str]:
    """Open an artifact and do as `check_answers` does; what cannot be run is a fault."""
    try:
        run = open_artifact(folder / artifact["path"]).run
        return check_answers(artifact, golden, run)
    except (ValueError, RuntimeError, OSError, KeyError) as error:
        return [f"{artifact['path']}: cannot be run: {' '.join(str(error).split())[:200]}"]


def read_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest, which holds a checksum of itself as its last entry.

    Raises:
        ValueError: if it is not as it was written, to the byte.
    """
    content = path.read_bytes()
    sealed = json.loads(content)
    manifest = {key: value for key, value in sealed.items() if key != "sha256"}
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    if content != (json.dumps({**manifest, "sha256": digest}, indent=2) + "\n").encode():
        raise ValueError("changed since it was exported (checksum)")
    check_manifest(manifest)
    return manifest


def check_manifest(manifest: Any) -> None:
    """Refuse what is no manifest of an export, whatever its checksum.

    Raises:
        ValueError: if an entry that a verification needs is missing or of another type.
    """

    def listed(files: Any) -> bool:
        return isinstance(files, dict) and all(
            isinstance(one, dict) and isinstance(one.get("sha256"), str) for one in files.values()
        )

    def described(artifact: Any) -> bool:
        return isinstance(artifact, dict) and (
            all(isinstance(artifact.get(key), str) for key in ("path", "format"))
            and isinstance(artifact.get("version"), int)
            and listed(artifact.get("files"))
        )

    artifacts = manifest.get("artifacts") if isinstance(manifest, dict) else None
    if (
        not isinstance(artifacts, list)
        or not all(map(described, artifacts))
        or not listed(manifest.get("files"))
    ):
        raise ValueError("no manifest of an export")


def verify_edge(folder: Path) -> tuple[int, list[str]]:
    """Return how many files for devices a bundle has, and a sentence for each fault.

    What is not for devices may be left behind: files of `server/`, `onnx/` and `tiny/` are checked where they
    are.
    """
    try:
        manifest = read_manifest(folder / "manifest.json")
    except (ValueError, AttributeError, RecursionError) as error:
        return 0, [f"manifest.json: {error}"]
    # The folder of a file on top is the bundle itself.
    here = {name: one for name, one in manifest["files"].items() if (folder / name).parent.exists()}
    said = check_files(folder, here)
    try:
        golden = {} if said else read_golden(folder / "golden.npz")
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        return 0, [f"golden.npz cannot be read: {error}"]
    if any(line.startswith("golden.npz") for line in said):
        return 0, said
    golden = golden or read_golden(folder / "golden.npz")
    count = 0
    for artifact in manifest["artifacts"]:
        runtime = RUNTIMES.get(artifact["format"])
        if runtime is None:
            # It is run elsewhere; that its files are whole can be said here.
            if (folder / artifact["path"]).exists():
                said += check_files(folder, artifact["files"])
            continue
        count += 1

        def opened(path: Path, runtime: Any = runtime) -> Any:
            return runtime(path.read_bytes())

        faults = check_files(folder, artifact["files"])
        if not faults:
            faults = check_artifact(artifact, golden, opened, folder)
        said += faults
    if not count:
        said.append("manifest.json: no files for devices")
    return count, said


def main() -> int:
    """Run the command line of this script."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    if not (folder / "manifest.json").is_file():
        sys.stderr.write(f"Expected an export bundle with manifest.json, found none in {folder}.\n")
        return 2
    count, said = verify_edge(folder)
    for line in said:
        sys.stdout.write(f"FAILED  {line}\n")
    verdict = f"{len(said)} faults" if said else "all agree with the model"
    sys.stdout.write(f"{count} files for devices: {verdict}\n")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
