"""Which releases of TensorFlow read the SavedModel of a bundle, and whether they answer as the model does.

python benchmarks/checks/serving_versions.py ship
python benchmarks/checks/serving_versions.py ship other --versions 2.16.2 2.20.0 --home /tmp/tensorflows

TensorFlow Serving 2.20 is built from TensorFlow 2.20, so a SavedModel that this release reads can be served.
Each release is installed from PyPI (`tensorflow-cpu`, 700 MB on disk) into a virtual environment of its own
in `--home`, where a later run finds it. A process of the release then

- reads `saved_model.pb`: the versions of its graph, and operations and attributes that the release lacks,
- loads the newest version folder of each server of the bundle, as a server does,
- runs each signature on the stored inputs, and compares the answers with those in `golden.npz` within the
  tolerances of the manifest.

Exit status 1 if one of the releases answers otherwise, or does not load a SavedModel.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
#: Runs the SavedModel. It imports TensorFlow and NumPy alone.
RUNTIME = ROOT / "export" / "formats" / "saved_model" / "_server_model.py"
#: Releases for Python 3.11.
VERSIONS = ("2.12.1", "2.14.1", "2.15.1", "2.16.2", "2.17.1", "2.18.1", "2.19.1", "2.20.0", "2.21.0")


def python_of(version: str, home: Path) -> Path:
    """Return the Python of a virtual environment with a release, which is made if it is not there yet."""
    folder = home / version
    python = folder / "bin" / "python"
    if not (folder / "done").is_file():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", f"tensorflow-cpu=={version}"], check=True)
        (folder / "done").touch()
    return python


def imported(path: Path) -> ModuleType:
    """Import a file that lies in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def unknown(nodes: list[Any]) -> list[str]:
    """Return the operations, and attributes of operations, that this TensorFlow does not know."""
    from tensorflow.python.framework import op_def_registry

    found = set()
    for node in nodes:
        definition = op_def_registry.get(node.op)
        if definition is None:
            found.add(node.op)
        else:
            known = {one.name for one in definition.attr}
            found |= {f"{node.op}.{name}" for name in node.attr if name[0] != "_" and name not in known}
    return sorted(found)


def inspected(folder: Path) -> dict[str, Any]:
    """Return the versions of the graph of a SavedModel, its operations, and those that are unknown here."""
    from tensorflow.core.protobuf import saved_model_pb2

    (graph,) = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs
    library = graph.graph_def.library.function
    functions = {one.signature.name for one in library}
    nodes = [*graph.graph_def.node, *(node for one in library for node in one.node_def)]
    nodes = [node for node in nodes if node.op not in functions]
    return {
        "written by": graph.meta_info_def.tensorflow_version,
        "producer": graph.graph_def.versions.producer,
        "min_consumer": graph.graph_def.versions.min_consumer,
        "operations": len({node.op for node in nodes}),
        "unknown": unknown(nodes),
    }


def answers(bundle: Path) -> dict[str, Any]:
    """Return what this TensorFlow makes of the newest SavedModels of a bundle, by path."""
    import numpy as np
    import tensorflow as tf

    verifier, runtime = imported(bundle / "verify_edge.py"), imported(RUNTIME)
    manifest = verifier.read_manifest(bundle / "manifest.json")
    golden = verifier.read_golden(bundle / "golden.npz")
    newest = {}
    for artifact in manifest["artifacts"]:
        if artifact["format"] == "saved_model":
            newest[str(Path(artifact["path"]).parent)] = artifact
    results = {}
    for artifact in newest.values():
        found = inspected(bundle / artifact["path"])
        found["faults"] = verifier.check_artifact(artifact, golden, runtime.ServerModel, bundle)
        found["signatures"] = len(artifact["signatures"])
        results[artifact["path"]] = found
    return {"tensorflow": tf.__version__, "numpy": np.__version__, "artifacts": results}


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("bundles", nargs="+", type=Path, help="Folders of bundles with a SavedModel.")
    parser.add_argument("--versions", nargs="+", default=VERSIONS, help="Releases of TensorFlow.")
    parser.add_argument("--home", type=Path, default=Path("/tmp/tensorflows"), help="Folder for them.")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps({str(bundle): answers(bundle) for bundle in options.bundles}))
        return 0
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    environment.pop("PYTHONPATH", None)
    failed = False
    for version in options.versions:
        python = python_of(version, options.home)
        command = [python, Path(__file__).resolve(), "--inside", *(one.resolve() for one in options.bundles)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            failed = True
            print(f"{version}: {done.stderr.strip().splitlines()[-1]}")
            continue
        for bundle, found in json.loads(done.stdout.splitlines()[-1]).items():
            for path, one in found["artifacts"].items():
                verdict = f"{one['signatures']} signatures agree" if not one["faults"] else one["faults"][0]
                failed = failed or bool(one["faults"])
                print(
                    f"{found['tensorflow']}, NumPy {found['numpy']}: {Path(bundle).name}/{path} (producer "
                    f"{one['producer']}, min_consumer {one['min_consumer']}, {one['operations']} operations, "
                    f"unknown: {', '.join(one['unknown']) or 'none'}): {verdict}"
                )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
