"""Single: a TFLite file with one signature, for runtimes that take one graph."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self, get_args

from kerasae.export.endpoints import Endpoint
from kerasae.export.formats.tflite import TFLite
from kerasae.export.parity import Case, ExportError, make_cases
from kerasae.export.subject import Subject
from kerasae.export.views import View

from kerasae.precisions import Precision

#: Signatures that such a file can have.
Signature = Literal["detect", "anomaly_score", "encode", "decode", "reconstruct"]


class Single(TFLite):
    """`.tflite` file for devices with one signature, and so with one graph.

    It is for runtimes and compilers that take a file of one graph only. Inputs, outputs and the facts inside
    are those of the combined file.

    Args:
        signature: Signature of the file: `detect` (for a run with a detector), `anomaly_score`, `encode`,
            `decode` or `reconstruct`. Defaults to `"detect"`.
        precision: Precision of the file, as for `TFLite`. Defaults to `"float32"`.

    Raises:
        ValueError: If the signature or the precision is unknown.

    Example:
        >>> from kerasae.export import Single
        >>> Single("encode", precision="int8").write("runs/digits", "digits_encode.tflite")
    """

    on_request = "Also write files with one signature, `detect`, for runtimes that take one graph only."
    precisions = ("float32", "int8")
    loads = ""
    score: ClassVar[str] = "detect"
    card: ClassVar[Path | None] = Path(__file__).with_name("card.md.jinja")

    def __init__(self, signature: Signature = "detect", *, precision: Precision = "float32") -> None:
        super().__init__(precision)
        if signature not in get_args(Signature):
            known = ", ".join(get_args(Signature))
            raise ValueError(f"`signature` must be one of {known}, received {signature!r}.")
        self.signature: Signature = signature

    @classmethod
    def variants(cls, precisions: Sequence[Precision] | None = None) -> list[Self]:
        return [cls(precision=one) for one in (cls.precisions if precisions is None else precisions)]

    @classmethod
    def opens(cls, path: Path) -> bool:
        # The format of the combined file opens these, too.
        return False

    @property
    def golden(self) -> str:
        return f"single-{self.signature}"

    def place(self, name: str, version: int) -> str:
        return f"edge/{name}_{self.signature}_{self.precision}.tflite"

    def check(self, subject: Subject) -> None:
        super().check(subject)
        if self.signature != "detect" or subject.detector is not None:
            return
        # Another fit of the detector does not help where the size is what it does not know.
        remedy = (
            f"{subject.left_out} Leave --size or --single out."
            if subject.left_out
            else "Run `kerasae apply anomaly RUN` first, or leave --single out."
        )
        raise ExportError(
            "Expected a model with a detector for files that answer `detect` alone (--single), received one "
            f"without. {remedy}"
        )

    def cases(self, subject: Subject, view: View) -> dict[str, Case]:
        cases = subject.cached("edge", lambda: make_cases(subject, view, seeded=False))
        return {self.signature: cases[self.signature]}

    def endpoints(self, subject: Subject, view: View) -> list[Endpoint]:
        return [one for one in super().endpoints(subject, view) if one.name == self.signature]
