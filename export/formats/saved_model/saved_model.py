"""SavedModel: a version folder for TensorFlow Serving."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.artifact import Artifact, median_seconds, with_units
from kerasae.export.formats.saved_model._on_device import check_on, hidden_gpus
from kerasae.export.formats.saved_model._server_inputs import more_cases, more_endpoints
from kerasae.export.formats.saved_model._server_model import ServerModel, plainly_named
from kerasae.export.formats.saved_model._warmup import check_warmup, write_warmup
from kerasae.export.parity import Case, make_cases, measure, refuse, tolerances
from kerasae.export.subject import Subject
from kerasae.export.views import server_view
from kerasae.export.views.endpoints import endpoints, served_elements, write_saved_model
from tensorflow.core.protobuf import saved_model_pb2

from kerasae.backend import quiet
from kerasae.runs import new_folder


def places(name: str, version: int, precisions: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Where a bundle keeps what this format writes, and the arguments that make it."""
    return [(f"server/{name}/{version}", {})]


def open_artifact(path: Path) -> ServerModel:
    """What was written, ready to run."""
    return ServerModel(path)


def saved_model(
    source: Any, path: str | Path, *, tolerance: dict[str, float] | None = None, **subject: Any
) -> Artifact:
    """Writes a SavedModel with every signature, and proves it equal to the model.

    The folder appears under its name only once it was loaded again, run on held-out examples, and
    agreed with the model; where a machine has a GPU that this process does not use, as in `kerasae
    export`, on that too. Any number of rows goes into a call. Inputs are raw: arrays in their own
    type, columns by name, strings; also as PNG files and as serialized `tf.train.Example`. Draws
    come from a seed a row. With it lie warm-up requests for TensorFlow Serving.

    Args:
        source: a run, its folder, a built model, or a `Subject`.
        path: of the folder, which must not exist.
        tolerance: what may differ by how much, in place of the defaults of float32.
        **subject: `data`, `examples`, `calibration` and `name`, as for `Subject.of`.

    Returns:
        What was written, with its parity.

    Raises:
        FileExistsError: if the folder exists.
        ParityError: if it does not agree with the model; nothing is written.
    """
    bounds = tolerances("float32", tolerance)
    what = source if isinstance(source, Subject) else Subject.of(source, **subject)
    view = server_view(what.preprocessor)
    cases = what.cached("server", lambda: _cases(what))
    found = endpoints(what.model, view, seeded=True, detector=what.detector)
    found += more_endpoints(view, found)
    path = Path(path)
    with new_folder(path) as folder:
        with quiet():
            write_saved_model(folder, found, what.preprocessor.lookups)
        write_warmup(folder, what.name, found, cases)
        served = ServerModel(folder)
        signatures = with_units(served.signatures(), cases)
        _check(what, folder, served, signatures, cases)
        parity = measure(what, cases, served.run, bounds)
        refuse(parity, "The SavedModel")
        check_warmup(folder, signatures, served.run)
        one = {key: tf.constant(value[:1]) for key, value in cases["reconstruct"].sent.items()}
        facts = {
            **_sizes(what, folder),
            "latency_ms": 1e3 * median_seconds(lambda: served.call("reconstruct", one)),
            **view.describe(),
        }
        if hidden_gpus():
            facts["gpu"], breaches = check_on("GPU", folder, signatures, cases)
            refuse(dataclasses.replace(parity, breaches=breaches), "The SavedModel")
    return Artifact("saved_model", path, "float32", signatures, parity, bounds, facts, "server")


def _cases(subject: Subject) -> dict[str, Case]:
    view = server_view(subject.preprocessor)
    cases = make_cases(subject, view, seeded=True)
    return {**cases, **more_cases(view, cases), "serving_default": cases["reconstruct"]}


def _sizes(subject: Subject, folder: Path) -> dict[str, Any]:
    """Bytes on disk, itemised."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    variables = sum(path.stat().st_size for path in files if path.parent.name == "variables")
    graphs = (folder / "saved_model.pb").stat().st_size
    constants = constant_bytes(subject.preprocessor)
    total = sum(path.stat().st_size for path in files)
    return {
        "bytes": total,
        "itemised": {
            "variables": variables,
            "weights": 4 * served_elements(subject.model, subject.detector),
            "preprocessing": constants,
            "graphs": graphs - constants,
            "warmup": sum(path.stat().st_size for path in files if path.parent.name == "assets.extra"),
        },
    }


def constant_bytes(preprocessor: Any) -> int:
    """Bytes of what preprocessing learned: categories, words, moments, bounds."""
    spec = preprocessor.spec
    texts = [*spec.vocabulary, *(text for column in spec.columns for text in column.categories)]
    # A string stands in a graph with a few bytes of framing, and twice: from text to id, and back.
    size = sum(2 * (len(text.encode()) + 4) for text in texts)
    for name in ("mean", "std", "centers", "scales"):
        size += 8 * len(getattr(preprocessor, name, None) or [])
    return size


def _check(
    subject: Subject, folder: Path, served: ServerModel, signatures: dict[str, Any], cases: dict[str, Case]
) -> None:
    """What must hold of every SavedModel, whatever it answers.

    Raises:
        ValueError: if it does not.
    """
    if sorted(signatures) != sorted(cases):
        raise ValueError(f"Expected the signatures {sorted(cases)}, received {sorted(signatures)}.")
    for name, signature in signatures.items():
        for side in signature.values():
            for key, one in side.items():
                if one["shape"][:1] != [None]:
                    raise ValueError(f"Expected any number of rows in {name} {key}, received {one['shape']}.")
    nodes = _nodes(folder)
    if any(one.attr["_XlaMustCompile"].b for one in nodes):
        raise ValueError("Expected no endpoint with `jit_compile`: a server without XLA refuses it.")
    cudnn = cudnn_operations(folder)
    if cudnn:
        raise ValueError(
            f"Expected operations that every server has, received {', '.join(cudnn)}, traced with a GPU in "
            "sight: export in a process without one (CUDA_VISIBLE_DEVICES=)."
        )
    with plainly_named(folder) as plain:
        variables = tf.train.list_variables(str(plain / "variables" / "variables"))
    stored = sum(int(np.prod(shape)) for key, shape in variables if key.endswith("VARIABLE_VALUE"))
    expected = served_elements(subject.model, subject.detector)
    if stored != expected:
        raise ValueError(f"Expected {expected} stored numbers, those of the weights, received {stored}.")


def _nodes(folder: Path) -> list[Any]:
    """Nodes and functions of a SavedModel's graph."""
    graph = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs[0]
    functions = graph.graph_def.library.function
    return [*graph.graph_def.node, *functions, *(node for one in functions for node in one.node_def)]


def cudnn_operations(folder: Path) -> list[str]:
    """The operations of a SavedModel that run on a GPU alone."""
    return sorted({node.op for node in _nodes(folder) if getattr(node, "op", "").startswith("Cudnn")})
