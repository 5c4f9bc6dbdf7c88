"""device_cost: what a model costs on a device, before it is worth proving anything of it."""

from typing import Any

from kerasae.export.artifact import median_seconds
from kerasae.export.formats._convert import builtin_operations, convert
from kerasae.export.formats.tflite._quantize import quantize
from kerasae.export.formats.tflite.tflite import calibration_rows
from kerasae.export.subject import Subject
from kerasae.export.verify_edge import EdgeModel
from kerasae.export.views import edge_view
from kerasae.export.views.endpoints import endpoints

from kerasae.backend import quiet


def device_cost(source: Any, *, precision: str = "float32", **subject: Any) -> dict[str, float]:
    """The size of a model's `.tflite` file and the time of a call, without a comparison with the model.

    Weights need not be trained: neither depends on their values.

    Args:
        source: a run, its folder, a built model, or a `Subject`.
        precision: as for `kerasae.export.formats.tflite.tflite`.
        **subject: as for `Subject.of`.

    Returns:
        `bytes` of the file with all its signatures; `latency_ms`, the median of `reconstruct` for one row
        on one thread of this machine.

    Raises:
        ValueError: for an operation that devices lack.
    """
    what = source if isinstance(source, Subject) else Subject.of(source, **subject)
    view = edge_view(what.preprocessor)
    content = convert(endpoints(what.model, view, seeded=False))
    if precision != "float32":
        content = quantize(content, precision, lambda: calibration_rows(what))
    builtin_operations(content)
    with quiet():
        edge = EdgeModel(content)
        one = {name: value[:1] for name, value in view.feed(what.held_out).items()}
        edge.run("reconstruct", one)
    return {
        "bytes": float(len(content)),
        "latency_ms": 1e3 * median_seconds(lambda: edge.run("reconstruct", one)),
    }
