"""ONNX: one file through Keras's own exporter, for runtimes that are neither TensorFlow nor TFLite."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from kerasae.export.artifact import Artifact, median_seconds, with_units
from kerasae.export.formats.onnx._onnx_model import REQUIRES as REQUIRES
from kerasae.export.formats.onnx._onnx_model import OnnxModel, check_installed
from kerasae.export.parity import Case, make_cases, measure, refuse, tolerances
from kerasae.export.subject import Subject
from kerasae.export.views import View, edge_view

from kerasae.backend import quiet


def places(name: str, version: int, precisions: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Where a bundle keeps what this format writes, and the arguments that make it."""
    return [(f"onnx/{name}.onnx", {})]


def open_artifact(path: Path) -> OnnxModel:
    """What was written, ready to run."""
    return OnnxModel(path)


def onnx(
    source: Any, path: str | Path, *, tolerance: dict[str, float] | None = None, **subject: Any
) -> Artifact:
    """Writes an ONNX file and proves it equal to the model.

    ONNX knows no signatures: one graph answers a raw `x` with the code `z`, the `reconstruction` and
    the `score`, any number of rows a call. Inputs are those of a device: raw images, numbers of a
    table, token ids of a text.

    Args:
        source: a run, its folder, a built model, or a `Subject`.
        path: of the file; one that exists is replaced.
        tolerance: what may differ by how much, in place of the defaults of float32.
        **subject: `data`, `examples`, `calibration` and `name`, as for `Subject.of`.

    Returns:
        What was written, with its parity.

    Raises:
        ImportError: without the extra `onnx`.
        ParityError: if the file does not agree with the model; nothing is written.
    """
    check_installed()
    bounds = tolerances("float32", tolerance)
    what = source if isinstance(source, Subject) else Subject.of(source, **subject)
    view = edge_view(what.preprocessor)
    cases = what.cached("onnx", lambda: _cases(what, view))
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.unfinished")
    try:
        _write(what, view, new)
        written = OnnxModel(new)
        signatures = with_units(written.signatures(), cases)
        parity = measure(what, cases, written.run, bounds, score="all", reconstruct="all")
        refuse(parity, f"The file {path.name}")
        one = {key: value[:1] for key, value in cases["all"].sent.items()}
        facts = {
            "bytes": new.stat().st_size,
            "latency_ms": 1e3 * median_seconds(lambda: written.run("all", one)),
            **view.describe(),
        }
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return Artifact("onnx", path, "float32", signatures, parity, bounds, facts, "onnx")


def _cases(subject: Subject, view: View) -> dict[str, Case]:
    cases = make_cases(subject, view, seeded=False, unreadable=False)
    parts = [cases[name] for name in ("encode", "reconstruct", "anomaly_score")]
    return {
        "all": Case(
            parts[0].sent,
            {name: value for part in parts for name, value in part.expected.items()},
            {name: unit for part in parts for name, unit in part.units.items()},
        )
    }


class _Served(keras.Model):
    """The graph: what Keras's exporter takes is a model."""

    def __init__(self, subject: Subject, view: View) -> None:
        super().__init__(name=subject.model.name)
        # Not tracked as layers: their weights are found where they are used.
        self._parts = (subject.model, view)

    def call(self, x: Any) -> dict[str, Any]:
        model, view = self._parts
        entered = view.enter({"x": x})
        described = model.describe(entered)
        params = model.decoder(described["z"])
        return {
            **described,
            **view.leave(model.reconstruction_loss.mean(params), "reconstruction"),
            "score": model.reconstruction_loss.anomaly_score(entered, params),
        }


def _write(subject: Subject, view: View, path: Path) -> None:
    (spec,) = view.inputs().values()
    served = _Served(subject, view)
    with quiet():
        served(np.zeros((1, *spec.shape[1:]), spec.dtype.as_numpy_dtype))
        served.export(
            path,
            format="onnx",
            verbose=False,
            input_signature=[keras.InputSpec(spec.dtype.name, (None, *spec.shape[1:]), name="x")],
        )
