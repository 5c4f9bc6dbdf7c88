"""TFLite: a file for devices with all signatures, of builtin operations only."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from kerasae.export.codec import ArtifactCodec
from kerasae.export.decision import Decision
from kerasae.export.embedded import embed, embedded_facts
from kerasae.export.endpoints import Endpoint, endpoints, served_elements
from kerasae.export.facts import facts_of
from kerasae.export.formats._base import Format
from kerasae.export.formats._convert import builtin_operations, convert
from kerasae.export.formats._draft import Draft
from kerasae.export.formats.tflite._calibration import set_numbers
from kerasae.export.formats.tflite._closeness import is_close
from kerasae.export.formats.tflite._observation import Observation, observe
from kerasae.export.formats.tflite._quantize import Bits, quantize
from kerasae.export.parity import TOLERANCES
from kerasae.export.sizes import observed_rows
from kerasae.export.subject import Subject
from kerasae.export.timing import median_seconds
from kerasae.export.verify_edge import MARGIN, EdgeModel
from kerasae.export.views import View

from kerasae.backend import quiet
from kerasae.models import Autoencoder
from kerasae.precisions import PRECISIONS, Precision, check_precision
from kerasae.preprocessing import Preprocessor

#: Bits in the order in which they are tried, each with the margin by which a first reason must be ahead of
#: the second to count. Activations of 16 or 32 bits cost no memory, weights of 16 bits do.
_MARGINS: dict[Precision, dict[Bits, float]] = {
    "dynamic": {"8x8": 0.01, "32x8": MARGIN},
    "int8": {"8x8": 0.01, "16x8": MARGIN, "16x16": MARGIN},
}


class TFLite(Format):
    """`.tflite` file for devices with every signature. A call takes one row.

    The file contains builtin operations only, and its signatures share the weights. Inputs are raw: uint8
    images, numbers in the units of the table, token ids of a text.

    Args:
        precision: Precision of the file. `float16` stores weights in float16. `dynamic` stores weights in
            int8 and quantises activations during a call. `int8` has weights and activations in int8, with
            ranges from 500 training rows, or fewer large images. If 8 bits change too much of the scores and
            reasons of these rows, activations of `dynamic` are in float32 ("32x8"), and those of `int8` have
            16 bits ("16x8"). If that still changes too much, the weights of dense layers of `int8` have 16
            bits too ("16x16").
            Defaults to `"float32"`.

    Raises:
        ValueError: If the precision is unknown.

    Example:
        >>> from kerasae.export import TFLite
        >>> TFLite(precision="int8").write("runs/digits", "digits.tflite")
    """

    precisions = PRECISIONS
    loads = "a .tflite file"
    card: ClassVar[Path | None] = Path(__file__).with_name("card.md.jinja")

    def __init__(self, precision: Precision = "float32") -> None:
        self.precision: Precision = check_precision(precision)

    @classmethod
    def variants(cls, precisions: Sequence[Precision] | None = None) -> list[Self]:
        return [cls(precision) for precision in (cls.precisions if precisions is None else precisions)]

    @property
    def golden(self) -> str:
        return "edge"

    def place(self, name: str, version: int) -> str:
        return f"edge/{name}_{self.precision}.tflite"

    def title(self, path: Path) -> str:
        return f"The {self.precision} file {path.name}"

    def make(self, draft: Draft) -> None:
        content = self.content(draft.subject, draft.view)
        draft.facts |= {
            "weights": len(content) / (4 * served_elements(draft.subject.model, draft.subject.detector)),
            "operations": builtin_operations(content),
        }
        draft.place.write_bytes(embed(content, facts_of(draft.subject, draft.view)))

    def content(self, subject: Subject, view: View) -> bytes:
        """Return the bytes of the file.

        Raises:
            OperationError: If the model has an operation that TFLite lacks.
        """
        verbs = self.endpoints(subject, view)
        content = subject.cached(f"tflite {[verb.name for verb in verbs]}", lambda: convert(verbs))
        if self.precision == "float32":
            return content

        def observed(file: bytes) -> Observation:
            key = f"tflite observed {hashlib.sha256(file).hexdigest()}"
            return subject.cached(key, lambda: observe(file, _calibration_rows(subject, view, verbs)))

        if self.precision not in _MARGINS:
            return quantize(content, self.precision, observed)
        made, sent = content, view.feed(subject.calibration)
        bounds = TOLERANCES[self.precision]
        for bits, margin in _MARGINS[self.precision].items():
            made = quantize(content, self.precision, observed, bits=bits)
            channels = len(view.spec.channels) or None
            if is_close(content, made, sent, margin, channels, bounds=bounds):
                break
        return made

    def endpoints(self, subject: Subject, view: View) -> list[Endpoint]:
        """Return the signatures of the file, the default one first."""
        return endpoints(subject.model, view, seeded=False, detector=subject.detector)

    @classmethod
    def runtime(cls, path: Path) -> EdgeModel:
        return EdgeModel(path.read_bytes())

    @classmethod
    def calibrate(cls, place: Path, decision: Decision) -> None:
        content = set_numbers(place.read_bytes(), decision.numbers)
        facts = embedded_facts(content)
        place.write_bytes(embed(content, {**facts, "detector": {**facts["detector"], **decision.facts}}))

    @classmethod
    def opens(cls, path: Path) -> bool:
        return path.suffix == ".tflite"

    @classmethod
    def load(cls, path: Path, source: Autoencoder | Preprocessor | None = None) -> ArtifactCodec:
        try:
            with quiet(show_failure=False):
                edge = cls.open(path)
                if "decode" in (signatures := edge.signatures()):
                    # The runtime reports its delegate at the first call.
                    z = signatures["decode"]["inputs"]["z"]
                    edge.run("decode", {"z": np.zeros(z["shape"], z["dtype"])})
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"Expected a .tflite file in {path}: {str(error).splitlines()[0]}") from None
        return ArtifactCodec.of(edge, cls.view, path, source)

    def complete(self, draft: Draft) -> None:
        draft.facts["bytes"] = draft.place.stat().st_size
        signature = next(iter(draft.signatures if "reconstruct" not in draft.signatures else ["reconstruct"]))
        one = draft.row(signature)
        draft.facts["latency_ms"] = 1e3 * median_seconds(lambda: draft.runtime.run(signature, one))


def _calibration_rows(
    subject: Subject, view: View, verbs: Sequence[Endpoint]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield training rows for every signature, which set the ranges of int8."""
    codes = subject.model.transform(subject.calibration)
    eps = np.random.default_rng(1).normal(size=codes.shape).astype("float32")
    unset = np.full(len(codes), np.nan, "float32")
    settings = {"threshold": unset, "false_alarms": unset}
    rows = {**view.feed(subject.calibration), "z": codes, "eps": eps, **settings}
    for i in range(observed_rows(view.spec, len(codes))):
        for verb in verbs:
            yield verb.name, {name: rows[name][i : i + 1] for name in verb.inputs}
