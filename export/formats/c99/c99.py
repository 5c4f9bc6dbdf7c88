"""C99: the decision and the networks as self-contained C."""

import warnings
from pathlib import Path
from typing import ClassVar

import numpy as np
from kerasae.export.decision import Decision
from kerasae.export.embedded import embed
from kerasae.export.facts import facts_of
from kerasae.export.formats._base import Format
from kerasae.export.formats._draft import Draft
from kerasae.export.formats._limits import Limit
from kerasae.export.formats.c99._building import differences, measured
from kerasae.export.formats.c99._columns import Columns
from kerasae.export.formats.c99._compiler import DECIDED, compile_graphs
from kerasae.export.formats.c99._decision import replace_decision
from kerasae.export.formats.c99._library import name_in_c, write_library, write_readme
from kerasae.export.formats.c99._reference import SIGNATURES, ReferenceModel
from kerasae.export.formats.c99._series import Series
from kerasae.export.formats.tflite import TFLite
from kerasae.export.parity import Case, ExportError, make_cases
from kerasae.export.subject import Subject
from kerasae.export.timing import median_seconds
from kerasae.export.views import View

from kerasae.kinds import kind_of
from kerasae.precisions import Precision

#: Largest number of examples of the test, and largest number of their inputs and answers.
_ROWS, _NUMBERS = 16, 50_000


def _received(subject: Subject) -> str:
    spec = subject.preprocessor.spec
    return "" if kind_of(spec).is_array or spec.columns else f"one of kind '{spec.kind}'"


class C99(Format):
    """Folder with a library in C99 that computes every signature without a runtime and without a heap.

    The networks compute in int8, everything around them in float32, as in the int8 file for devices. The
    answers are those of TFLite's reference kernels, bit by bit. `exp`, `log`, `sin` and `cos` are those of
    glibc. If a model needs tanh or ELU in float32, the last bits of its float32 numbers may differ.

    The folder has a `Makefile` with tests, a `CMakeLists.txt`, and the layouts of Arduino libraries and
    Zephyr modules. If this machine has a C compiler, the code is compiled and compared on held-out rows;
    otherwise the export warns. The facts state which in `compared`. If it has `arm-none-eabi-gcc`, flash and
    memory are measured for a Cortex-M4 and a Cortex-M0+.

    The model must be one of images, vectors, tables or series. The library of a series with a detector also
    takes readings one by one, with a ring of one window inside (`NAME_push`).

    Example:
        >>> from kerasae.export import C99
        >>> C99().write("runs/pumps", "tiny/pumps_c")
    """

    on_request = (
        "Also write a library in C99 for microcontrollers, without a runtime. It computes in int8 or int16, "
        "whatever --precision says."
    )
    kit = "tiny"
    precision: Precision = "int8"
    purpose = "for a microcontroller"
    limits: ClassVar[tuple[Limit, ...]] = (
        Limit(
            "a model of images, vectors, tables or series",
            _received,
            "the words of a text need a table of their own",
        ),
    )
    is_folder = True
    card: ClassVar[Path | None] = Path(__file__).with_name("card.md.jinja")

    def place(self, name: str, version: int) -> str:
        return f"tiny/{name}_c"

    def title(self, path: Path) -> str:
        return f"The library {path.name}"

    def cases(self, subject: Subject, view: View) -> dict[str, Case]:
        cases = subject.cached("edge", lambda: make_cases(subject, view, seeded=False))
        return {name: cases[name] for name in SIGNATURES if name in cases}

    def make(self, draft: Draft) -> None:
        name = name_in_c(draft.path.name.removesuffix("_c"))
        content = TFLite(precision="int8").content(draft.subject, draft.view)
        model = ReferenceModel(content)
        compiled = compile_graphs(
            content,
            {
                signature: [output for output in case.expected if output not in DECIDED]
                for signature, case in draft.cases.items()
            },
        )
        (draft.place / f"{name}.tflite").write_bytes(embed(content, facts_of(draft.subject, draft.view)))
        golden = _golden(model, draft.cases)
        columns = Columns.of(draft.view)
        series = Series.of(draft.subject, draft.view)
        write_library(
            draft.place,
            name,
            compiled,
            golden,
            columns=columns,
            detector=draft.subject.detector,
            series=series,
        )
        sizes = measured(draft.place)
        # Without a compiler for microcontrollers the constants are what is known of the flash.
        flash = sizes["cortex-m4"]["flash"] if "cortex-m4" in sizes else compiled.constants.size
        draft.facts |= {
            "bytes": flash,
            "arena_bytes": compiled.arena_bytes,
            "functions": {
                key: {
                    "inputs": list(function.inputs),
                    "answers": function.answers,
                    "exact": function.exact,
                    "multiply_accumulates": function.multiply_accumulates,
                }
                for key, function in compiled.functions.items()
            },
            "measured": sizes,
        }
        write_readme(draft.place, name, compiled, draft.facts, columns=columns, series=series)

    @classmethod
    def runtime(cls, path: Path) -> ReferenceModel:
        return ReferenceModel.open(path)

    def check_made(self, draft: Draft) -> None:
        wrong = differences(draft.place, draft.runtime, draft.cases, draft.facts["functions"])
        draft.facts["compared"] = wrong is not None
        if wrong is None:
            warnings.warn(
                f"Expected a C compiler (cc, gcc or clang) to compare the code of {draft.path.name} with "
                "TFLite's reference kernels, found none; run `make test` in the folder where there is one.",
                stacklevel=2,
            )
        if wrong:
            raise ExportError(
                f"Expected C code that answers as TFLite's reference kernels, received other answers to "
                f"{', '.join(f'{rows} rows of {signature}' for signature, rows in wrong.items())}: this "
                "release of LiteRT computes otherwise."
            )

    @classmethod
    def calibrate(cls, place: Path, decision: Decision) -> None:
        (path,) = place.glob("*.tflite")
        TFLite.calibrate(path, decision)
        replace_decision(place, decision)

    def complete(self, draft: Draft) -> None:
        one = draft.row("reconstruct")
        draft.facts["latency_ms"] = 1e3 * median_seconds(lambda: draft.runtime.run("reconstruct", one))


def _golden(model: ReferenceModel, cases: dict[str, Case]) -> dict[str, np.ndarray]:
    """Return rows of each signature with the answers of the interpreter."""
    numbers = sum(
        value[0].size for case in cases.values() for value in (*case.sent.values(), *case.expected.values())
    )
    count = min(max(2, min(_ROWS, _NUMBERS // numbers)), *(len(_first(case)) for case in cases.values()))
    golden: dict[str, np.ndarray] = {}
    for signature, case in cases.items():
        sent = {name: rows[:count] for name, rows in case.sent.items()}
        golden |= {f"{signature}_in_{name}": rows for name, rows in sent.items()}
        answers = model.run(signature, sent).items()
        golden |= {f"{signature}_out_{name}": rows for name, rows in answers if name not in DECIDED}
    return golden


def _first(case: Case) -> np.ndarray:
    return next(iter(case.sent.values()))
