"""SavedModel: a version folder for TensorFlow Serving."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf
from kerasae.export.decision import Decision
from kerasae.export.endpoints import endpoints, served_elements, write_saved_model
from kerasae.export.feeds import Feed
from kerasae.export.formats._base import Format
from kerasae.export.formats._draft import Draft
from kerasae.export.formats.saved_model._any_size import any_size_cases, any_size_endpoints, other_sizes
from kerasae.export.formats.saved_model._calibration import set_variables
from kerasae.export.formats.saved_model._on_device import check_on, hidden_gpus
from kerasae.export.formats.saved_model._server_inputs import more_cases, more_endpoints
from kerasae.export.formats.saved_model._server_model import ServerModel, plainly_named
from kerasae.export.formats.saved_model._warmup import check_warmup, write_warmup
from kerasae.export.parity import Case, Parity, make_cases, refuse
from kerasae.export.subject import Subject
from kerasae.export.timing import median_seconds
from kerasae.export.verify_edge import breaches
from kerasae.export.views import View, server_view
from tensorflow.core.protobuf import saved_model_pb2

from kerasae.preprocessing import Preprocessor


class SavedModel(Format):
    """SavedModel folder with every signature, for TensorFlow Serving.

    A call takes any number of rows. Inputs are raw: arrays in their own type, columns by name, or strings.
    Other signatures take PNG files and serialised `tf.train.Example`. Each row that is drawn has its own
    seed. If the code of the model is a map, `reconstruct_any_size` and `encode_any_size` take images of any
    height and width. The folder also contains warm-up requests for TensorFlow Serving.

    If the machine has a GPU that this process does not use, as in `kerasae export`, the SavedModel must also
    agree with the model on the GPU.

    Example:
        >>> from kerasae.export import SavedModel
        >>> SavedModel().write("runs/digits", "server/digits/1")
    """

    is_folder = True
    loads = "the version folder of a SavedModel (with saved_model.pb; server/NAME/1 in a bundle)"
    card: ClassVar[Path | None] = Path(__file__).with_name("card.md.jinja")

    @property
    def golden(self) -> str:
        return "server"

    def place(self, name: str, version: int) -> str:
        return f"server/{name}/{version}"

    def title(self, path: Path) -> str:
        return "The SavedModel"

    @classmethod
    def view(cls, preprocessor: Preprocessor) -> View:
        return server_view(preprocessor)

    def cases(self, subject: Subject, view: View) -> dict[str, Case]:
        cases = make_cases(subject, view, seeded=True)
        cases |= more_cases(view, cases) | any_size_cases(subject, view)
        return {**cases, "serving_default": cases["reconstruct"]}

    def make(self, draft: Draft) -> None:
        what = draft.subject
        verbs = endpoints(what.model, draft.view, seeded=True, detector=what.detector)
        verbs += more_endpoints(draft.view, verbs) + any_size_endpoints(what.model, draft.view)
        write_saved_model(draft.place, verbs, what.preprocessor.lookups)
        write_warmup(draft.place, what.name, verbs, draft.cases)

    @classmethod
    def runtime(cls, path: Path) -> ServerModel:
        return ServerModel(path)

    @classmethod
    def sent(cls, feed: Feed, raw: Any, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        return feed.served(raw, facts)

    @classmethod
    def calibrate(cls, place: Path, decision: Decision) -> None:
        set_variables(place, decision.numbers)

    @classmethod
    def opens(cls, path: Path) -> bool:
        return (path / "saved_model.pb").is_file()

    def check_made(self, draft: Draft) -> None:
        _check_rows(draft.signatures)
        _check_operations(draft.place)
        _check_weights(draft)
        check_warmup(draft.place, draft.signatures, draft.runtime.run)

    def complete(self, draft: Draft) -> None:
        self._check_sizes(draft)
        one = {key: tf.constant(value) for key, value in draft.row("reconstruct").items()}
        draft.facts |= {
            **_sizes(draft.subject, draft.place),
            "tensorflow": _written_by(draft.place),
            "latency_ms": 1e3 * median_seconds(lambda: draft.runtime.call("reconstruct", one)),
        }
        if hidden_gpus():
            draft.facts["gpu"], breaches = check_on("GPU", draft.place, draft.signatures, draft.cases)
            refuse(dataclasses.replace(draft.parity, breaches=breaches), self.title(draft.path))

    def _check_sizes(self, draft: Draft) -> None:
        """Add the measures on images of several sizes, and raise a ParityError if one exceeds its bound."""
        outputs = other_sizes(draft.subject, draft.view, draft.runtime.run)
        found = [
            breach
            for one in outputs
            for breach in breaches(one, draft.bounds, f"{one['signature']} {one['output']} at {one['size']}")
        ]
        draft.parity = Parity(draft.parity.outputs + outputs, draft.parity.use, found)
        refuse(draft.parity, self.title(draft.path))


def _check_rows(signatures: dict[str, Any]) -> None:
    """Raise a ValueError if a signature does not take any number of rows."""
    for name, signature in signatures.items():
        for side in signature.values():
            for key, one in side.items():
                if one["shape"][:1] != [None]:
                    raise ValueError(f"Expected any number of rows in {name} {key}, received {one['shape']}.")


def _check_operations(folder: Path) -> None:
    """Raise a ValueError if there is an operation that some servers lack."""
    if any(one.attr["_XlaMustCompile"].b for one in _nodes(folder)):
        raise ValueError("Expected no endpoint with `jit_compile`: a server without XLA refuses it.")
    cudnn = cudnn_operations(folder)
    if cudnn:
        raise ValueError(
            f"Expected operations that every server has, received {', '.join(cudnn)}, traced with a GPU in "
            "sight: export in a process without one (CUDA_VISIBLE_DEVICES=)."
        )


def _check_weights(draft: Draft) -> None:
    """Raise a ValueError if a weight is stored twice, or is needed for training only."""
    with plainly_named(draft.place) as plain:
        variables = tf.train.list_variables(str(plain / "variables" / "variables"))
    stored = sum(int(np.prod(shape)) for key, shape in variables if key.endswith("VARIABLE_VALUE"))
    expected = served_elements(draft.subject.model, draft.subject.detector)
    if stored != expected:
        raise ValueError(f"Expected {expected} stored numbers, those of the weights, received {stored}.")


def _graph(folder: Path) -> Any:
    """Return the only graph of a SavedModel, with its versions."""
    return saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs[0]


def _written_by(folder: Path) -> dict[str, Any]:
    """Return the version of TensorFlow, and the versions of the graph that a server compares with its own.

    A server refuses a graph if its own producer version is below `min_consumer`.
    """
    graph = _graph(folder)
    versions = graph.graph_def.versions
    return {
        "version": graph.meta_info_def.tensorflow_version,
        "producer": versions.producer,
        "min_consumer": versions.min_consumer,
    }


def _nodes(folder: Path) -> list[Any]:
    """Return the nodes and functions in the graph of a SavedModel."""
    graph = _graph(folder)
    functions = graph.graph_def.library.function
    return [*graph.graph_def.node, *functions, *(node for one in functions for node in one.node_def)]


def cudnn_operations(folder: Path) -> list[str]:
    """Return the operations of a SavedModel that run on a GPU only."""
    return sorted({node.op for node in _nodes(folder) if getattr(node, "op", "").startswith("Cudnn")})


def _sizes(subject: Subject, folder: Path) -> dict[str, Any]:
    """Return the size on disk in bytes, as a whole and by content."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    variables = sum(path.stat().st_size for path in files if path.parent.name == "variables")
    graphs = (folder / "saved_model.pb").stat().st_size
    constants = _constant_bytes(subject.preprocessor)
    return {
        "bytes": sum(path.stat().st_size for path in files),
        "itemised": {
            "variables": variables,
            "weights": 4 * served_elements(subject.model, subject.detector),
            "preprocessing": constants,
            "graphs": graphs - constants,
            "warmup": sum(path.stat().st_size for path in files if path.parent.name == "assets.extra"),
        },
    }


def _constant_bytes(preprocessor: Any) -> int:
    """Return the size in bytes of the constants of a preprocessing: categories, words, moments, bounds."""
    spec = preprocessor.spec
    texts = [*spec.vocabulary, *(text for column in spec.columns for text in column.categories)]
    # A graph contains each string twice, for text to id and back, with a few bytes of framing.
    size = sum(2 * (len(text.encode()) + 4) for text in texts)
    for name in ("mean", "std", "centers", "scales"):
        size += 8 * len(getattr(preprocessor, name, None) or [])
    return size
