"""convert_to_int8: one signature of a model as an int8 file."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.endpoints import Endpoint
from kerasae.export.formats._convert import OperationError, convert, float_tensors
from kerasae.export.formats.tiny._micro_model import MicroModel, Side
from kerasae.export.subject import Subject
from kerasae.export.views import View

from kerasae.backend import quiet
from kerasae.models import WithPrior, without_scales


def convert_to_int8(subject: Subject, view: View, signature: str) -> MicroModel:
    """Return the file of a signature, with the arithmetic around it.

    Args:
        subject: Model, and training rows that set the ranges of int8.
        view: Form in which raw examples enter and leave the file.
        signature: Name of the signature.

    Raises:
        OperationError: If the model has an operation that int8 lacks.
        ValueError: If the preprocessing does more than scale and shift.
    """
    model, preprocessor = subject.model, subject.preprocessor
    # Beside learned scales, the numbers of a reconstruction would share one range with them.
    decoder, scales = without_scales(model.decoder)
    mean = model.reconstruction_loss.mean if scales is None else lambda locations: locations

    def function(sent: dict[str, Any]) -> dict[str, Any]:
        z = sent["z"] if signature == "decode" else model.describe(sent["x"])["z"]
        return {"z": z} if signature == "encode" else {"reconstruction": mean(decoder(z))}

    x = preprocessor.to_x(subject.calibration)
    codes = model.transform(subject.calibration)
    name, rows = ("z", codes) if signature == "decode" else ("x", x)
    if signature == "decode" and isinstance(model, WithPrior):
        # Draws from the prior are decoded, too.
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
    # The C code gets numbers that are counted from an origin if float32 would round them.
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
    """Return scale and zero point of the input and of the output of a file."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with quiet():
        opened = Interpreter(
            model_content=content,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    return opened.get_input_details()[0]["quantization"], opened.get_output_details()[0]["quantization"]
