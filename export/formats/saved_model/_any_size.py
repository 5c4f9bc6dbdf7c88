"""Signatures of a server for images of any size, of a model whose code is a map."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.endpoints import Endpoint, of_no_rows_too
from kerasae.export.parity import Case, spread
from kerasae.export.sizes import at_size_of
from kerasae.export.subject import Subject
from kerasae.export.verify_edge import compare_output
from kerasae.export.views import View

from kerasae.models import Autoencoder, at_any_size, at_size, is_for_any_size

#: Names of the signatures.
RECONSTRUCT, ENCODE = "reconstruct_any_size", "encode_any_size"
#: Number of pixels of the images of one size on which a signature is compared with the model.
_PIXELS = 2**18


def any_size_endpoints(model: Autoencoder, view: View) -> list[Endpoint]:
    """Return the endpoints `reconstruct_any_size` and `encode_any_size`; none for a code that is no map.

    They take images of any height and width, and answer with images of the same size or with a map of codes,
    `(batch, rows, columns, numbers)`. They use the weights of the other endpoints.
    """
    if not is_for_any_size(model):
        return []
    functions = at_any_size(model)
    reconstruct, encode = map(of_no_rows_too, (functions.reconstruct, functions.encode))
    [(name, spec)] = view.inputs().items()
    inputs = {name: tf.TensorSpec((None, None, None, spec.shape[-1]), spec.dtype, name=name)}
    return [
        Endpoint(
            RECONSTRUCT, inputs, lambda sent: view.leave(reconstruct(view.enter(sent)), "reconstruction")
        ),
        Endpoint(ENCODE, inputs, lambda sent: {"z": encode(view.enter(sent))}),
    ]


def any_size_cases(subject: Subject, view: View) -> dict[str, Case]:
    """Return a case for each endpoint of `any_size_endpoints`, with images larger than those of the run."""
    if not is_for_any_size(subject.model):
        return {}
    height, width = subject.preprocessor.spec.shape[:2]
    return _cases(subject, view, height + height // 2 + 1, width + 3)


def other_sizes(
    subject: Subject, view: View, run: Callable[[str, dict[str, np.ndarray]], dict[str, np.ndarray]]
) -> list[dict[str, Any]]:
    """Return the measures of the signatures on images of further sizes, as entries of `Parity.outputs`.

    Args:
        subject: Model that was exported.
        view: Form in which raw examples enter and leave the artifact.
        run: Function of the artifact, from a signature and its inputs to its outputs.
    """
    if not is_for_any_size(subject.model):
        return []
    height, width = subject.preprocessor.spec.shape[:2]
    outputs = []
    for size in ((1, 1), (height, width), (2 * height + 3, width // 2 + 1)):
        for signature, case in _cases(subject, view, *size).items():
            answered = run(signature, case.sent)
            for name, unit in case.units.items():
                measures = compare_output(case.expected, answered, name, unit)
                outputs.append({"signature": signature, "output": name, "size": list(size), **measures})
    return outputs


def _cases(subject: Subject, view: View, height: int, width: int) -> dict[str, Case]:
    """Return the cases of the signatures for a size, with the answers of the model of that size."""
    rows = max(2, _PIXELS // (height * width))
    images = at_size_of(np.asarray(subject.held_out)[: min(rows, 64)], height, width)
    model = at_size(subject.model, height, width)
    x = subject.preprocessor.at_shape(images.shape[1:]).to_x(images)
    codes = np.concatenate([np.asarray(model.encode(x[i : i + 1])) for i in range(len(x))])
    sent = {"x": images.astype(view.inputs()["x"].dtype.as_numpy_dtype)}
    rebuilt = np.concatenate([np.asarray(model.decode(codes[i : i + 1])) for i in range(len(codes))])
    answers = view.expected(rebuilt, "reconstruction")
    z = codes.reshape(-1, *model.code_shape)
    return {
        RECONSTRUCT: Case(sent, answers, view.units("reconstruction")),
        ENCODE: Case(sent, {"z": z}, {"z": spread(z)}),
    }
