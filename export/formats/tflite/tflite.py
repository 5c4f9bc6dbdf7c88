"""TFLite: one file for devices, all signatures, builtin operations alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from kerasae.export.artifact import Artifact, median_seconds, with_units, write_whole
from kerasae.export.formats._convert import builtin_operations, convert
from kerasae.export.formats.tflite._quantize import quantize
from kerasae.export.parity import make_cases, measure, refuse, tolerances
from kerasae.export.subject import Subject
from kerasae.export.verify_edge import EdgeModel
from kerasae.export.views import edge_view
from kerasae.export.views.endpoints import endpoints, served_elements

from kerasae.backend import quiet

PRECISIONS = ("float32", "float16", "dynamic", "int8")


def places(name: str, version: int, precisions: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Where a bundle keeps what this format writes, and the arguments that make it."""
    return [(f"edge/{name}_{precision}.tflite", {"precision": precision}) for precision in precisions]


def open_artifact(path: Path) -> EdgeModel:
    """What was written, ready to run."""
    return _opened(path.read_bytes())


def _opened(content: bytes) -> EdgeModel:
    with quiet():
        return EdgeModel(content)


def tflite(
    source: Any,
    path: str | Path,
    *,
    precision: Literal["float32", "float16", "dynamic", "int8"] = "float32",
    tolerance: dict[str, float] | None = None,
    **subject: Any,
) -> Artifact:
    """Writes a `.tflite` file with every signature, batch 1, and proves it equal to the model.

    The file appears under its name only once the runtime that devices use has run it on held-out
    examples and agreed with the model. Weights are shared by the signatures. Inputs are raw: uint8
    images, numbers in the units of the table, token ids of a text.

    Args:
        source: a run, its folder, a built model, or a `Subject`.
        path: of the file; one that exists is replaced.
        precision: `float32`; `float16` weights; `dynamic`, int8 weights with activations quantised on
            the way; `int8`, weights and activations, with ranges from 500 training rows.
        tolerance: what may differ by how much, in place of the defaults of the precision.
        **subject: `data`, `examples`, `calibration` and `name`, as for `Subject.of`.

    Returns:
        What was written, with its parity.

    Raises:
        ValueError: for an unknown precision, or an operation that devices lack.
        ParityError: if the file does not agree with the model; nothing is written.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"`precision` must be one of {', '.join(PRECISIONS)}, received {precision!r}.")
    bounds = tolerances(precision, tolerance)
    what = source if isinstance(source, Subject) else Subject.of(source, **subject)
    view = edge_view(what.preprocessor)
    cases = what.cached("edge", lambda: make_cases(what, view, seeded=False))
    content = what.cached(
        "tflite", lambda: convert(endpoints(what.model, view, seeded=False, detector=what.detector))
    )
    if precision != "float32":
        content = quantize(content, precision, lambda: calibration_rows(what))
    edge = _opened(content)
    operations = builtin_operations(content)
    signatures = with_units(edge.signatures(), cases)
    if sorted(signatures) != sorted(cases):
        raise ValueError(f"Expected the signatures {sorted(cases)}, the file has {sorted(signatures)}.")
    with quiet():
        # At its first call the runtime says which delegate it takes.
        parity = measure(what, cases, edge.run, bounds)
    path = Path(path)
    refuse(parity, f"The {precision} file {path.name}")
    one = {key: value[:1] for key, value in cases["reconstruct"].sent.items()}
    facts = {
        "bytes": len(content),
        "weights": len(content) / (4 * served_elements(what.model, what.detector)),
        "operations": operations,
        "latency_ms": 1e3 * median_seconds(lambda: edge.run("reconstruct", one)),
        **view.describe(),
    }
    write_whole(path, content)
    return Artifact("tflite", path, precision, signatures, parity, bounds, facts, "edge")


def calibration_rows(subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    """Training rows for every signature, from which the ranges of int8 are taken."""
    view = edge_view(subject.preprocessor)
    codes = subject.model.transform(subject.calibration)
    eps = np.random.default_rng(1).normal(size=codes.shape).astype("float32")
    rows = {**view.feed(subject.calibration), "z": codes, "eps": eps}
    found = endpoints(subject.model, view, seeded=False, detector=subject.detector)
    for i in range(len(codes)):
        for endpoint in found:
            yield endpoint.name, {name: rows[name][i : i + 1] for name in endpoint.inputs}
