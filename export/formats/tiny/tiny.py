"""Tiny: int8 files for microcontrollers, as TFLite and as C, each with a test vector."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

from kerasae.export.formats._base import Format
from kerasae.export.formats._convert import builtin_operations
from kerasae.export.formats._draft import Draft
from kerasae.export.formats._limits import Limit, arrays_only
from kerasae.export.formats.tiny._conversion import convert_to_int8
from kerasae.export.formats.tiny._micro_model import MicroModel
from kerasae.export.formats.tiny._micro_source import write_model, write_source
from kerasae.export.parity import Case, make_cases
from kerasae.export.subject import Subject
from kerasae.export.views import View

from kerasae.precisions import Precision

SIGNATURES = ("reconstruct", "encode", "decode")


class Tiny(Format):
    """Folder with one signature in int8, for TensorFlow Lite Micro.

    The folder contains the `.tflite` file, the same file as a C array with a header, and a JSON file with the
    scales. The file computes in int8 only. The C code around it converts raw numbers to int8 and back, and
    computes the anomaly score of a reconstruction. The source contains a held-out example with its answer.
    The header contains the size of the memory that is needed.

    The files have the name of the folder. `_` replaces each character that C forbids in a name.

    The model must be one of images or vectors, because int8 has no missing entry and no word.

    Args:
        signature: Signature of the file: `reconstruct`, `encode` (the code only), or `decode`. Defaults to
            `"reconstruct"`.

    Raises:
        ValueError: If the signature is unknown.

    Example:
        >>> from kerasae.export import Tiny
        >>> Tiny(signature="encode").write("runs/digits", "tiny/digits_encode")
    """

    on_request = "Also write int8 files for microcontrollers, each with a C array and a test vector."
    requires: ClassVar[tuple[str, ...]] = ("tflite_micro",)
    extra = "tiny"
    precision: Precision = "int8"
    purpose = "for a microcontroller"
    limits: ClassVar[tuple[Limit, ...]] = (
        arrays_only("a missing entry or a word is no int8; `--c99` takes tables and logs"),
    )
    is_folder = True
    card: ClassVar[Path | None] = Path(__file__).with_name("card.md.jinja")

    def __init__(self, signature: Literal["reconstruct", "encode", "decode"] = "reconstruct") -> None:
        if signature not in SIGNATURES:
            raise ValueError(f"`signature` must be one of {', '.join(SIGNATURES)}, received {signature!r}.")
        self.signature = signature

    @classmethod
    def variants(cls, precisions: Sequence[Precision] | None = None) -> list[Self]:
        return [cls("reconstruct"), cls("encode"), cls("decode")]

    def place(self, name: str, version: int) -> str:
        return f"tiny/{name}_{self.signature}"

    def title(self, path: Path) -> str:
        return f"The int8 file {path.name}"

    def cases(self, subject: Subject, view: View) -> dict[str, Case]:
        cases = make_cases(subject, view, seeded=False)
        # The variance of a posterior has another scale, and no use on such a device.
        cases["encode"].expected.pop("z_log_var", None)
        return {name: cases[name] for name in (*SIGNATURES, "anomaly_score")}

    def answered(self, signatures: Sequence[str]) -> Sequence[str]:
        return [self.signature, "anomaly_score"] if self.signature == "reconstruct" else [self.signature]

    def make(self, draft: Draft) -> None:
        micro = convert_to_int8(draft.subject, draft.view, self.signature)
        write_model(draft.place, draft.path.name, micro)

    @classmethod
    def runtime(cls, path: Path) -> MicroModel:
        return MicroModel.open(path)

    def complete(self, draft: Draft) -> None:
        micro: MicroModel = draft.runtime
        draft.facts |= {
            "bytes": len(micro.content),
            "operations": sorted(builtin_operations(micro.content)),
            **micro.facts,
        }
        raw = draft.row(self.signature)[micro.given.name]
        write_source(draft.place, draft.path.name, micro, raw, draft.facts)
