"""tiny: int8 files for microcontrollers, as TFLite and as C, each with its own test vector."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from kerasae.export.artifact import Artifact, with_units
from kerasae.export.formats._convert import OperationError, builtin_operations, convert, float_tensors
from kerasae.export.formats.tiny._micro_model import REQUIRES as REQUIRES
from kerasae.export.formats.tiny._micro_model import MicroModel, Side, check_installed
from kerasae.export.formats.tiny._micro_source import write_source
from kerasae.export.parity import Case, make_cases, measure, refuse, tolerances
from kerasae.export.subject import Subject
from kerasae.export.views import View, edge_view
from kerasae.export.views.endpoints import Endpoint

from kerasae.backend import quiet
from kerasae.models import without_scales
from kerasae.runs import new_folder

#: Not written unless asked for.
ON_REQUEST = True
SIGNATURES = ("reconstruct", "encode", "decode")


def places(name: str, version: int, precisions: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Where a bundle keeps what this format writes, and the arguments that make it."""
    return [(f"tiny/{name}_{signature}", {"signature": signature}) for signature in SIGNATURES]


def open_artifact(path: Path) -> MicroModel:
    """What was written, ready to run."""
    return MicroModel.open(path)


def tiny(
    source: Any,
    path: str | Path,
    *,
    signature: Literal["reconstruct", "encode", "decode"] = "reconstruct",
    tolerance: dict[str, float] | None = None,
    **subject: Any,
) -> Artifact:
    """Writes one signature in int8 for TensorFlow Lite Micro, and proves it equal to the model.

    The folder holds the `.tflite` file, the same as a C array in a source file with its header, and a
    JSON with the scales. All that the file computes is int8; the C code around it turns raw numbers
    into int8 and back, and gives the anomaly score of a reconstruction. The source carries a
    held-out example with what it becomes, and the header the memory that was found to be enough.

    For images and vectors: a missing entry of a table is no int8, and neither is a word.

    Args:
        source: a run, its folder, a built model, or a `Subject`.
        path: of the folder, which must not exist; its name is that of the files and in C, where
            it has no character that C forbids.
        signature: `reconstruct`, `encode` (the code alone), or `decode`.
        tolerance: what may differ by how much, in place of the defaults of int8.
        **subject: `data`, `examples`, `calibration` and `name`, as for `Subject.of`.

    Returns:
        What was written, with its parity.

    Raises:
        ImportError: without the extra `tiny`.
        ValueError: for a table or texts, or an operation that microcontrollers lack.
        ParityError: if the file does not agree with the model; nothing is written.
    """
    if signature not in SIGNATURES:
        raise ValueError(f"`signature` must be one of {', '.join(SIGNATURES)}, received {signature!r}.")
    bounds = tolerances("int8", tolerance)
    what = source if isinstance(source, Subject) else Subject.of(source, **subject)
    check(what)
    view = edge_view(what.preprocessor)
    found = what.cached("tiny", lambda: _cases(what, view))
    answered = (signature, "anomaly_score") if signature == "reconstruct" else (signature,)
    cases = {name: found[name] for name in answered}
    micro = _quantized(what, view, signature)
    signatures = with_units(micro.signatures(), cases)
    parity = measure(what, cases, micro.run, bounds)
    path = Path(path)
    refuse(parity, f"The int8 file {path.name}")
    facts = {
        "bytes": len(micro.content),
        "operations": sorted(builtin_operations(micro.content)),
        **micro.facts,
        **view.describe(),
    }
    with new_folder(path) as folder:
        write_source(folder, path.name, micro, next(iter(cases[signature].sent.values()))[:1], facts)
    return Artifact("tiny", path, "int8", signatures, parity, bounds, facts, "tiny")


def check(subject: Subject) -> None:
    """Refuses what cannot be written, before any work is done for it.

    Raises:
        ImportError: without the extra `tiny`.
        ValueError: for a table or texts.
    """
    check_installed()
    kind = subject.preprocessor.spec.kind
    if kind in ("table", "text"):
        raise ValueError(
            f"Expected a model of images or vectors for a microcontroller, received one of kind '{kind}': a "
            "missing entry or a word is no int8. Numbers without gaps can be trained from a .npy file."
        )


def _cases(subject: Subject, view: View) -> dict[str, Case]:
    found = make_cases(subject, view, seeded=False)
    # The variance of a posterior has a scale of its own, and no use on such a device.
    found["encode"].expected.pop("z_log_var", None)
    return {name: found[name] for name in (*SIGNATURES, "anomaly_score")}


def _quantized(subject: Subject, view: View, signature: str) -> MicroModel:
    """The file of a signature, with the arithmetic around it."""
    model, preprocessor = subject.model, subject.preprocessor
    # With scales beside them the numbers of a reconstruction would have one range with those.
    decoder, scales = without_scales(model.decoder)
    mean = model.reconstruction_loss.mean if scales is None else lambda locations: locations

    def function(sent: dict[str, Any]) -> dict[str, Any]:
        z = sent["z"] if signature == "decode" else model.describe(sent["x"])["z"]
        return {"z": z} if signature == "encode" else {"reconstruction": mean(decoder(z))}

    x = preprocessor.to_x(subject.calibration)
    codes = model.transform(subject.calibration)
    name, rows = ("z", codes) if signature == "decode" else ("x", x)
    if signature == "decode" and model.generative:
        # What is drawn from the prior is decoded too.
        rows = np.concatenate([codes, np.random.default_rng(1).normal(size=codes.shape)]).astype("float32")
    endpoint = Endpoint(
        signature, {name: tf.TensorSpec((1, *rows.shape[1:]), tf.float32, name=name)}, function
    )

    def calibration() -> Iterator[dict[str, np.ndarray]]:
        for row in rows:
            yield {name: row[None]}

    def int8(converter: Any) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = calibration
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8

    content = convert([endpoint], int8)
    floats = float_tensors(content)
    if floats:
        raise OperationError(
            f"Expected operations that int8 has, received {', '.join(floats[:3])} in float32; take another "
            "activation, loss or network."
        )
    entered, left = _quantizations(content)
    affine = view.scaling.affine
    if affine is None:
        raise ValueError(
            f"Expected a preprocessing that scales and shifts, received {type(preprocessor).__name__}."
        )
    # Of the numbers that the C code gets: from an origin, where float32 would round them.
    shift, slope = affine
    spec = preprocessor.spec
    code = ("z", "float32", (model.latent_dim,))
    given = (
        Side.of(*code, entered)
        if signature == "decode"
        else Side.of("x", view.inputs()["x"].dtype.name, spec.shape, entered, shift, slope)
    )
    answer = (
        Side.of(*code, left)
        if signature == "encode"
        else Side.of("reconstruction", "float32", spec.shape, left, shift, slope, (spec.low, spec.high))
    )
    return MicroModel(content, signature, (given, answer), slope)


def _quantizations(content: bytes) -> tuple[tuple[float, int], tuple[float, int]]:
    """Scale and zero point of the input and the output of a file."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with quiet():
        opened = Interpreter(
            model_content=content,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    return opened.get_input_details()[0]["quantization"], opened.get_output_details()[0]["quantization"]
