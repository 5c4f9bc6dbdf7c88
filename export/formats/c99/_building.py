"""What the compilers of this machine say of a library: its answers, and the memory that it needs."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.formats.c99._reference import ReferenceModel
from kerasae.export.parity import Case, ExportError

_STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-ffunction-sections", "-fdata-sections")
#: Options of arm-none-eabi-gcc for each processor.
_CORES = {
    "cortex-m4": ("-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    "cortex-m0plus": ("-mcpu=cortex-m0plus",),
}
#: Relative difference of numbers that count as equal where functions such as exp are called, and the share of
#: rows that may differ by more: the last bit of a number may decide on a step of int8.
_CLOSE, _FEW = 1e-5, 0.02


def measured(folder: Path) -> dict[str, dict[str, int]]:
    """Return flash, memory and stack in bytes of the smallest program, by processor; `{}` without a compiler.

    The stack is the sum over all functions, more than any call needs.
    """
    if shutil.which("arm-none-eabi-gcc") is None:
        return {}
    folder = folder.absolute()
    (source,) = (folder / "src").glob("*.c")
    sizes = {}
    for core, options in _CORES.items():
        with tempfile.TemporaryDirectory(prefix="kerasae-") as build:
            program = Path(build) / "size.elf"
            linked = ("-Wl,--gc-sections", "-Wl,-e,main", "-nostartfiles", "--specs=nosys.specs")
            # Names without folders, so that the reports on the stack lie beside the program.
            command = ("arm-none-eabi-gcc", "-Os", "-mthumb", *options, *_STRICT, "-fstack-usage", *linked)
            _compile(Path(build), *command, folder / "cortex_m" / "size.c", source, "-lm", "-o", program)
            said = subprocess.run(
                ["arm-none-eabi-size", program], capture_output=True, text=True, check=True
            ).stdout
            text, data, bss = map(int, said.splitlines()[1].split()[:3])
            frames = [
                int(line.split("\t")[1])
                for report in Path(build).glob("*.su")
                for line in report.read_text().splitlines()
            ]
            sizes[core] = {"flash": text + data, "ram": data + bss, "stack": sum(frames)}
    return sizes


def differences(
    folder: Path, model: ReferenceModel, cases: dict[str, Case], functions: dict[str, dict[str, Any]]
) -> dict[str, int] | None:
    """Return the number of rows to which the C code answers otherwise than the interpreter, by signature.

    Signatures without such rows are left out. Without a C compiler it compares nothing and returns `None`.

    Args:
        folder: Folder of the library.
        model: Interpreter of its file.
        cases: Rows by signature.
        functions: Facts of each signature, as in `C99.make`.
    """
    compiler = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    if compiler is None:
        return None
    folder = folder.absolute()
    (source,) = (folder / "src").glob("*.c")
    wrong = {}
    with tempfile.TemporaryDirectory(prefix="kerasae-") as build:
        program, rows, answers = (Path(build) / name for name in ("stream", "rows", "answers"))
        linked = (folder / "test" / "stream.c", source, "-lm", "-o", program)
        _compile(Path(build), compiler, "-O2", *_STRICT, *linked)
        for signature, case in cases.items():
            facts = functions[signature]
            rows.write_bytes(packed([case.sent[name] for name in facts["inputs"]]))
            subprocess.run([program, signature, rows, answers], check=True, timeout=600)
            expected = model.run(signature, case.sent)
            odd = unequal(
                answers.read_bytes(),
                [expected[name] for name in facts["answers"]],
                close=0.0 if facts["exact"] else _CLOSE,
            )
            if odd.sum() > (0 if facts["exact"] else _FEW * len(odd)):
                wrong[signature] = int(odd.sum())
    return wrong


def packed(arrays: list[np.ndarray]) -> bytes:
    """Return rows of several arrays, as `stream` reads them."""
    return np.concatenate(
        [np.ascontiguousarray(one).reshape(len(one), -1).view("uint8") for one in arrays], axis=1
    ).tobytes()


def unequal(got: bytes, expected: list[np.ndarray], close: float = 0.0) -> np.ndarray:
    """Return which rows of answers differ from the expected ones, bool `(rows,)`.

    Args:
        got: Answers of `stream`, numbers of 4 bytes.
        expected: Expected answers in the same order, each `(rows, ...)`.
        close: Relative difference up to which numbers of float32 are equal. Defaults to 0: only the same bits
            are equal, and any NaN is equal to any other.
    """
    rows = len(expected[0])
    if len(got) != sum(one.nbytes for one in expected):
        return np.ones(rows, bool)
    bits = np.frombuffer(got, "uint32").reshape(rows, -1)
    odd, start = np.zeros(rows, bool), 0
    for wanted in expected:
        wanted = np.ascontiguousarray(wanted).reshape(rows, -1)
        part = np.ascontiguousarray(bits[:, start : start + wanted.shape[1]]).view(wanted.dtype)
        start += wanted.shape[1]
        same = part.view("uint32") == wanted.view("uint32")
        if wanted.dtype == "float32":
            with np.errstate(invalid="ignore", over="ignore"):
                near = np.abs(part - wanted) <= close * (1 + np.abs(wanted))
            same |= (np.isnan(part) & np.isnan(wanted)) | (near & (close > 0))
        odd |= ~same.all(axis=1)
    return odd


def _compile(folder: Path, *command: str | Path) -> None:
    done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ExportError(f"Expected C code that compiles, {command[0]} said: {done.stderr.strip()[:300]}")
