"""check_on: a SavedModel on a GPU, in a separate process.

The process that exports hides the GPUs, because layers that are traced with a visible GPU choose operations
that run on no other device. The SavedModel that was traced without a GPU must answer the same on one.

    python -m kerasae.export.formats.saved_model._on_device FOLDER
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.parity import Case, golden_arrays
from kerasae.export.verify_edge import check_answers, read_golden

#: Number of examples that are run.
_ROWS = 64
#: A GPU adds in another order, and its exponentials differ in the last bits. TensorFloat-32, which has 10
#: bits, is off for the comparison.
TOLERANCE = {"max_deviation": 1e-3, "score_max_deviation": 1e-3, "agreement": 0.99}


def hidden_gpus() -> bool:
    """Return whether this machine has GPUs that this process does not use."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU")) and not tf.config.get_visible_devices("GPU")


def check_on(
    kind: str, folder: Path, signatures: dict[str, Any], cases: dict[str, Case]
) -> tuple[dict[str, Any], list[str]]:
    """Run a SavedModel on a kind of device, in a separate process.

    Args:
        kind: Kind of device, `GPU` or `CPU`.
        folder: Folder of the SavedModel.
        signatures: Inputs and outputs by signature, as in the manifest.
        cases: Rows by signature.

    Returns:
        The name of the device and the median time of one row in milliseconds, and a sentence for each answer
        that differs from that of the model.

    Raises:
        RuntimeError: If the process fails.
    """
    with tempfile.TemporaryDirectory(prefix="kerasae-") as home:
        arrays: Any = golden_arrays("server", cases, _ROWS)
        np.savez(f"{home}/golden.npz", **arrays)
        task = {
            "kind": kind,
            "folder": str(folder.absolute()),
            "artifact": {
                "path": f"{folder.name} on a {kind}",
                "golden": "server",
                "signatures": signatures,
                "tolerance": TOLERANCE,
            },
        }
        Path(home, "task.json").write_text(json.dumps(task))
        done = subprocess.run(
            [sys.executable, "-m", __name__, home],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_FORCE_GPU_ALLOW_GROWTH": "true"},
        )
        answer = Path(home, "answer.json")
        if done.returncode or not answer.is_file():
            last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
            raise RuntimeError(f"The SavedModel cannot be run on a {kind}: {last}")
        outcome = json.loads(answer.read_text())
    return outcome["facts"], outcome["faults"]


def main(home: str) -> None:
    """Run the task of `check_on`, and write `answer.json`."""
    import tensorflow as tf
    from kerasae.export.formats.saved_model._server_model import ServerModel
    from kerasae.export.timing import median_seconds

    task = json.loads(Path(home, "task.json").read_text())
    if task["kind"] == "CPU":
        tf.config.set_visible_devices([], "GPU")
    devices = tf.config.get_visible_devices(task["kind"])
    if not devices:
        raise SystemExit(f"Expected a {task['kind']}, found none.")
    tf.config.experimental.enable_tensor_float_32_execution(False)
    golden = read_golden(Path(home, "golden.npz"))
    served = ServerModel(task["folder"])
    faults = check_answers(task["artifact"], golden, served.run)
    prefix = "server:reconstruct:in:"
    one = {key[len(prefix) :]: value[:1] for key, value in golden.items() if key.startswith(prefix)}
    name = tf.config.experimental.get_device_details(devices[0]).get("device_name", task["kind"])
    facts = {"device": name, "latency_ms": 1e3 * median_seconds(lambda: served.run("reconstruct", one))}
    Path(home, "answer.json").write_text(json.dumps({"facts": facts, "faults": faults}))


if __name__ == "__main__":
    main(sys.argv[1])
