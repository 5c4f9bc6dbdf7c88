"""device_cost: size and speed of a model on a device, without a comparison with the model."""

import dataclasses
from typing import Any

from kerasae.export.formats.tflite import TFLite
from kerasae.export.subject import Source, Subject
from kerasae.export.timing import median_seconds
from kerasae.export.verify_edge import EdgeModel
from kerasae.export.views import edge_view

from kerasae.backend import quiet
from kerasae.precisions import Precision


def device_cost(
    source: Source | Subject, *, precision: Precision = "float32", **subject: Any
) -> dict[str, float]:
    """Return size and speed of the `.tflite` file of a model. The file is not compared with the model.

    The model need not be trained, because neither figure depends on the values of its weights.

    Args:
        source: Run, folder of a run, built model, or `Subject`.
        precision: Precision of the file, as for `TFLite`. Defaults to `float32`.
        **subject: `data`, `examples`, `calibration` and `name`, as for `Subject.of`.

    Returns:
        `bytes`, the size of the file with all its signatures, and `latency_ms`, the median time of
        `reconstruct` for one row on one thread of this machine, in milliseconds.

    Raises:
        ValueError: If the precision is unknown, or the model has an operation that devices lack.
    """
    what: Subject = source if isinstance(source, Subject) else Subject.of(source, **subject)
    what = dataclasses.replace(what, detector=None)
    view = edge_view(what.preprocessor)
    content = TFLite(precision=precision).content(what, view)
    with quiet():
        edge = EdgeModel(content)
        one = {name: value[:1] for name, value in view.feed(what.held_out).items()}
        edge.run("reconstruct", one)
    return {
        "bytes": float(len(content)),
        "latency_ms": 1e3 * median_seconds(lambda: edge.run("reconstruct", one)),
    }
