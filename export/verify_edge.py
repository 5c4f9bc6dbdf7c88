"""Program that verifies the files for devices of an export bundle. It needs only numpy and ai-edge-litert.

    pip install ai-edge-litert numpy
    python verify_edge.py [BUNDLE]

Each file is compared with its checksum. The files for devices are run on the stored inputs, and their answers
are compared with those of the model before the export. Exit status 0 if all agree, 1 if not, 2 without a
bundle. Every bundle contains a copy of this file, so it is one file and imports nothing of kerasae.
"""

import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np


class EdgeModel:
    """`.tflite` file, given by its bytes, which is run row by row on one thread."""

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._runners: dict[str, Any] = {}

    def signatures(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return shape and dtype of each input and output by signature."""
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
        """Run the rows one at a time, and return the outputs, stacked, by name.

        Raises ValueError for rows of another shape than that of the signature; the runtime would resize it.
        """
        runner = self._runner(signature)
        for name, one in runner.get_input_details().items():
            expected, received = tuple(one["shape"][1:].tolist()), np.shape(sent[name])[1:]
            if received != expected:
                raise ValueError(
                    f"Expected rows of shape {expected} for `{name}` of {signature}, received {received}."
                )
        rows = len(next(iter(sent.values())))
        calls = (runner(**{key: value[i : i + 1] for key, value in sent.items()}) for i in range(rows))
        # The arrays are copied, because the next call writes to their memory.
        answers = [{key: np.array(value) for key, value in one.items()} for one in calls]
        return {key: np.concatenate([one[key] for one in answers]) for key in answers[0]}


class TrainableModel(EdgeModel):
    """`.tflite` file that can be trained. The interpreter keeps the weights, from those of the file on."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.content = content

    def restart(self) -> None:
        """Restore the weights of the file."""
        super().__init__(self.content)

    def call(self, signature: str, **sent: Any) -> dict[str, np.ndarray]:
        """Return the outputs of one call, which may change the weights."""
        return {name: np.array(value) for name, value in self._runner(signature)(**sent).items()}

    def run(self, signature: str, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Restore the weights of the file, and return the outputs of successive calls, `(calls, ...)`."""
        self.restart()
        calls = len(next(iter(sent.values()))) if sent else 1
        answers = [
            self.call(signature, **{name: value[i] for name, value in sent.items()}) for i in range(calls)
        ]
        return {name: np.stack([one[name] for one in answers]) for name in answers[0]}


#: Class that runs the files of a format.
RUNTIMES: "dict[str, Any]" = {"tflite": EdgeModel, "single": EdgeModel, "trainable": TrainableModel}


def compare(expected: np.ndarray, got: np.ndarray, unit: Any = 1.0) -> dict[str, float]:
    """Compare an output of an artifact with that of the model.

    Args:
        expected: Answers of the model.
        got: Answers of the artifact.
        unit: Unit of deviations: a number, or a number for each entry of the last axis. 0 marks entries that
            are codes, which are right or wrong. Defaults to 1.

    Returns:
        `max_deviation` and `mean_deviation` of numbers, in units; `agreement`, the share of codes, ids and
        strings that are equal, and their number `codes`.
    """
    if expected.shape != got.shape:
        return {"max_deviation": float("inf"), "mean_deviation": float("inf"), "agreement": 0.0}
    if expected.dtype.kind not in "fc":
        return {"agreement": float(np.mean(expected == got)), "codes": expected.size}
    unit = np.broadcast_to(np.asarray(unit, "float64"), expected.shape)
    measures: dict[str, float] = {}
    numbers = unit > 0
    if not numbers.all():
        one, other = expected[~numbers], np.round(got[~numbers])
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        measures |= {"agreement": float(np.mean(same)), "codes": same.size}
    if numbers.any():
        one, other = expected[numbers].astype("float64"), got[numbers].astype("float64")
        equal = (one == other) | (np.isnan(one) & np.isnan(other))
        with np.errstate(invalid="ignore"):
            deviation = np.where(equal, 0.0, np.abs(other - one) / unit[numbers])
        # NaN for a number, or a number for NaN, is an infinite deviation.
        deviation = np.where(np.isnan(deviation), np.inf, deviation)
        measures |= {"max_deviation": float(deviation.max()), "mean_deviation": float(deviation.mean())}
    return measures


#: Difference of two shares of a score below which rounding decides which of two reasons comes first, and
#: largest p-value of the rows whose reasons are compared.
MARGIN, ODD = 0.05, 0.1


def compare_output(
    expected: "dict[str, np.ndarray]", got: "dict[str, np.ndarray]", name: str, unit: Any = 1.0
) -> dict[str, float]:
    """Compare one of the outputs of a signature as `compare` does; nothing to compare gives no measures.

    If `unit` is a dict with `ranked`, the name of an output of shares, only reasons of odd rows are compared
    that a margin separates from the next ones; with `channels` their channels. If it has `by`, the name of an
    output of reasons, and `each`, a unit for each feature, only entries up to the first other reason are.
    The measures of a `score` begin with `score_`. Those of `anomalous` have `decided`.
    """
    one, other = expected[name], got[name]
    if not isinstance(unit, dict) or one.shape != other.shape:
        found = compare(one, other, 1.0 if isinstance(unit, dict) else unit)
        found |= {"decided": 1.0} if name == "anomalous" else {}
        return {f"score_{key}": n for key, n in found.items()} if name == "score" else found
    if "channels" in unit:
        one, other = one % unit["channels"], other % unit["channels"]
    if "ranked" in unit:
        units, picked = 1.0, is_decided(expected[unit["ranked"]]) & (expected["p_value"] <= ODD)[:, None]
    else:
        number = expected[unit["by"]]
        picked = np.logical_and.accumulate(number == got[unit["by"]], axis=1)
        units = np.asarray(unit["each"], "float64")[number][picked]
    return compare(one[picked], other[picked], units) if picked.any() else {}


def is_decided(share: np.ndarray) -> np.ndarray:
    """Return which ranks differ from both neighbours by a margin, bool `(rows, ranks)`; the last never."""
    apart = -np.diff(np.pad(share, ((0, 0), (1, 1)), constant_values=((0, 0), (np.inf, np.nan)))) > MARGIN
    return np.asarray(apart[:, :-1] & apart[:, 1:])


#: Least number of codes of which one may differ; that for int8 and dynamic, which have bounds below 0.99.
_LEAST, _LEAST_COARSE, _COARSE = 10, 4, 0.99
#: Measures of which lower is better. Of the others higher is better.
LOWER: "tuple[str, ...]" = ("max_deviation", "mean_deviation", "score_max_deviation", "score_mean_deviation")
LOWER += ("error_ratio", "score_shift")


def breaches(measures: dict[str, float], tolerance: dict[str, float], where: str) -> list[str]:
    """Return a sentence for each measure that exceeds its tolerance, with digits that show the excess."""
    said = []
    for key in (key for key in measures if key in tolerance):
        value, bound = measures[key], tolerance[key]
        # Two categories that are as likely change places by rounding; decisions do only where scores move.
        few, coarse = key == "agreement" and measures.get("codes", 0), bound < _COARSE
        if few >= (_LEAST_COARSE if coarse else _LEAST) and (coarse or not measures.get("decided")):
            bound = 1 + (round((bound - 1) * few, 6) // 1 - 1e-6) / few
        # With these comparisons NaN is a breach.
        if not (value <= bound if key in LOWER else value >= bound):
            side = "at most" if key in LOWER else "at least"
            digits = next((n for n in range(3, 17) if f"{value:.{n}g}" != f"{bound:.{n}g}"), 17)
            said.append(f"{where}: {key} {value:.{digits}g}, expected {side} {bound:.{max(digits, 6)}g}")
    return said


def read_golden(path: Path) -> dict[str, np.ndarray]:
    """Return the stored arrays by name. Strings are arrays of bytes."""
    with np.load(path, allow_pickle=False) as stored:
        return joined(dict(stored))


def joined(stored: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return stored arrays with strings as arrays of bytes."""
    arrays: dict[str, np.ndarray] = {}
    for key, values in stored.items():
        name, _, part = key.partition("|")
        if part == "bytes":
            lengths = stored[f"{name}|lengths"]
            ends, whole = np.cumsum(lengths), values.tobytes()
            texts = [whole[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
            arrays[name] = np.array([*texts, None], dtype=object)[:-1].reshape(lengths.shape)
        elif not part:
            arrays[name] = values
    return arrays


def golden_case(
    golden: dict[str, np.ndarray], group: str, signature: str
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the stored inputs and outputs of a signature."""

    def stored(side: str) -> dict[str, np.ndarray]:
        prefix = f"{group}:{signature}:{side}:"
        return {key[len(prefix) :]: value for key, value in golden.items() if key.startswith(prefix)}

    return stored("in"), stored("out")


def check_files(folder: Path, files: dict[str, dict[str, Any]]) -> list[str]:
    """Return a sentence for each file that is missing or was changed."""
    said = []
    for name, noted in files.items():
        path = folder / name
        if not path.is_file():
            said.append(f"{name}: missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != noted["sha256"]:
            said.append(f"{name}: changed since it was exported (checksum)")
    return said


def check_answers(artifact: dict[str, Any], golden: dict[str, np.ndarray], run: Any) -> list[str]:
    """Return a sentence for each output that deviates by more than its tolerance."""
    said = []
    if not artifact["tolerance"]:
        said.append(f"{artifact['path']}: no tolerance in the manifest")
    for signature, described in artifact["signatures"].items():
        sent, expected = golden_case(golden, artifact["golden"], signature)
        sides = ((described["inputs"], sent), (described["outputs"], expected))
        missing = [name for names, stored in sides for name in names if name not in stored]
        if missing:
            said.append(f"{artifact['path']} {signature}: {', '.join(missing)} not stored in golden.npz")
            continue
        got = run(signature, sent)
        for name in expected:
            measures = compare_output(expected, got, name, described["outputs"][name].get("unit", 1.0))
            said += breaches(measures, artifact["tolerance"], f"{artifact['path']} {signature} {name}")
    return said


def check_artifact(
    artifact: dict[str, Any], golden: dict[str, np.ndarray], open_artifact: Any, folder: Path
) -> list[str]:
    """Open an artifact, and do as `check_answers` does. If it cannot be run, this is a fault."""
    try:
        return check_answers(artifact, golden, open_artifact(folder / artifact["path"]).run)
    except Exception as error:  # Each runtime has errors of its own.
        if isinstance(error, ImportError):
            raise
        return [f"{artifact['path']}: cannot be run: {' '.join(str(error).split())[:200]}"]


def read_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest, whose last entry is its own checksum. Raise ValueError if a byte was changed."""
    content = path.read_bytes()
    sealed = json.loads(content)
    manifest = {key: value for key, value in sealed.items() if key != "sha256"}
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    if content != (json.dumps({**manifest, "sha256": digest}, indent=2) + "\n").encode():
        raise ValueError("changed since it was exported (checksum)")
    check_manifest(manifest)
    return manifest


def check_manifest(manifest: Any) -> None:
    """Raise ValueError if an entry of a manifest that a verification needs is missing or has a wrong type."""

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
    if not (isinstance(artifacts, list) and all(map(described, artifacts)) and listed(manifest.get("files"))):
        raise ValueError("no manifest of an export")


def verify_edge(folder: Path) -> tuple[int, list[str]]:
    """Return the number of files for devices in a bundle, and a sentence for each fault.

    Files that are not for devices, in `server/`, `onnx/` and `tiny/`, may be missing.
    """
    try:
        manifest = read_manifest(folder / "manifest.json")
    except (ValueError, AttributeError, RecursionError) as error:
        return 0, [f"manifest.json: {error}"]
    here = {name: one for name, one in manifest["files"].items() if (folder / name).parent.exists()}
    said = check_files(folder, here)
    if any(line.startswith("golden.npz") for line in said):
        return 0, said
    try:
        golden = read_golden(folder / "golden.npz")
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        return 0, [f"golden.npz cannot be read: {error}"]
    count = 0
    for artifact in manifest["artifacts"]:
        runtime = RUNTIMES.get(artifact["format"])
        if runtime is None:  # It cannot be run here, but its files can be checked.
            if (folder / artifact["path"]).exists():
                said += check_files(folder, artifact["files"])
            continue
        count += 1
        faults = check_files(folder, artifact["files"])
        opened = lambda path, runtime=runtime: runtime(path.read_bytes())  # noqa: E731
        said += faults or check_artifact(artifact, golden, opened, folder)
    if not count:
        said.append("manifest.json: no files for devices, the only ones that this program runs")
    return count, said


def main() -> int:
    """Run the command line."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    if not (folder / "manifest.json").is_file():
        sys.stderr.write(f"Expected an export bundle with manifest.json, found none in {folder}.\n")
        return 2
    count, said = verify_edge(folder)
    verdict = f"{len(said)} fault{'s' if len(said) > 1 else ''}" if said else "all agree with the model"
    failures = [f"FAILED  {line}\n" for line in said]
    sys.stdout.writelines([*failures, f"{count} files for devices: {verdict}\n"])
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
