"""ONNX: one file through Keras's own exporter, for runtimes that are neither TensorFlow nor TFLite."""

from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
from kerasae.export.formats._base import Format
from kerasae.export.formats._draft import Draft
from kerasae.export.formats.onnx._onnx_model import OnnxModel
from kerasae.export.parity import Case, make_cases
from kerasae.export.subject import Subject
from kerasae.export.timing import median_seconds
from kerasae.export.views import View

from kerasae.codec import Codec
from kerasae.models import Autoencoder
from kerasae.preprocessing import Preprocessor


class ONNX(Format):
    """ONNX file with one graph, for ONNX Runtime, OpenVINO and other runtimes.

    ONNX has no signatures. The graph takes any number of rows of a raw `x`, and answers with the code `z`,
    the `reconstruction` and the `score`. The inputs are those of a device: raw images, the numbers of a
    table, the token ids of a text. With the score `heat` of a detector, the graph answers the map `heat` too.
    An image is an anomaly if the highest number of its map exceeds the threshold of the detector, which the
    manifest of a bundle states.

    Example:
        >>> from kerasae.export import ONNX
        >>> ONNX().write("runs/digits", "digits.onnx")
    """

    requires: ClassVar[tuple[str, ...]] = ("tf2onnx", "onnxruntime")
    extra = "onnx"
    score = reconstruct = "all"

    def place(self, name: str, version: int) -> str:
        return f"onnx/{name}.onnx"

    def cases(self, subject: Subject, view: View) -> dict[str, Case]:
        cases = make_cases(subject, view, seeded=False, unreadable=False)
        parts = [cases[name] for name in ("encode", "reconstruct", "anomaly_score")]
        expected = {name: value for part in parts for name, value in part.expected.items()}
        units = {name: unit for part in parts for name, unit in part.units.items()}
        if subject.detector is not None:
            maps = subject.detector.maps(subject.model.accounts(subject.held_out))
            expected |= {name: np.asarray(value) for name, value in maps.items()}
            units |= {name: float(np.std(value)) or 1.0 for name, value in maps.items()}
        return {"all": Case(parts[0].sent, expected, units)}

    def make(self, draft: Draft) -> None:
        (spec,) = draft.view.inputs().values()
        served = _Served(draft.subject, draft.view)
        served(np.zeros((1, *spec.shape[1:]), spec.dtype.as_numpy_dtype))
        served.export(
            draft.place,
            format="onnx",
            verbose=False,
            input_signature=[keras.InputSpec(spec.dtype.name, (None, *spec.shape[1:]), name="x")],
        )

    @classmethod
    def runtime(cls, path: Path) -> OnnxModel:
        return OnnxModel(path)

    @classmethod
    def opens(cls, path: Path) -> bool:
        return path.suffix == ".onnx"

    @classmethod
    def load(cls, path: Path, source: Autoencoder | Preprocessor | None = None) -> Codec:
        raise ValueError(
            f"Expected an artifact that can encode and decode, received {path}: its only graph goes from "
            "`x` to the reconstruction. Take the SavedModel or a .tflite file."
        )

    def complete(self, draft: Draft) -> None:
        one = draft.row("all")
        draft.facts |= {
            "bytes": draft.place.stat().st_size,
            "latency_ms": 1e3 * median_seconds(lambda: draft.runtime.run("all", one)),
        }


class _Served(keras.Model):
    """The graph as a model, which is what Keras exports."""

    def __init__(self, subject: Subject, view: View) -> None:
        super().__init__(name=subject.model.name)
        # In a tuple, they are not tracked as layers. Their weights are found where they are used.
        self._parts = (subject.model, view, subject.detector)

    def call(self, x: Any) -> dict[str, Any]:
        model, view, detector = self._parts
        entered = view.enter({"x": x})
        described = model.describe(entered)
        params = model.decoder(described["z"])
        account = {"code": described["z"], **model.reconstruction_loss.account(entered, params)}
        return {
            **described,
            **view.leave(model.reconstruction_loss.mean(params), "reconstruction"),
            "score": model.reconstruction_loss.anomaly_score(entered, params),
            **({} if detector is None else detector.maps(account)),
        }
