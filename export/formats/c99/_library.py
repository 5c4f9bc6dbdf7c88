"""write_library: the folder of a C library, from compiled signatures."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.formats.c99._columns import Columns
from kerasae.export.formats.c99._compiler import Compiled, Function
from kerasae.export.formats.c99._decision import numbers_of, write_decision
from kerasae.export.formats.c99._series import Series
from kerasae.export.formats.c99._source import CTYPES, ctype
from kerasae.export.formats.c99.templates import render

import kerasae

#: Files of the folder by their template. `NAME` stands for the name of the library.
_FILES = {
    "header.h": "src/NAME.h",
    "source.c": "src/NAME.c",
    "kernels.h": "src/NAME_kernels.h",
    "constants.h": "src/NAME_constants.h",
    "golden.h": "test/golden.h",
    "test.c": "test/test.c",
    "stream.c": "test/stream.c",
    "startup.c": "cortex_m/startup.c",
    "mps2.ld": "cortex_m/mps2.ld",
    "size.c": "cortex_m/size.c",
    "Makefile": "Makefile",
    "CMakeLists.txt": "CMakeLists.txt",
    "library.properties": "library.properties",
    "sketch.ino": "examples/NAME/NAME.ino",
    "module.yml": "zephyr/module.yml",
    "Kconfig": "zephyr/Kconfig",
    "zephyr.cmake": "zephyr/CMakeLists.txt",
}


#: Headers of C up to C23, and those of Linux that they include.
_HEADERS = {
    *("alloca", "assert", "complex", "ctype", "endian", "errno", "features", "fenv", "float", "inttypes"),
    *("iso646", "limits", "locale", "math", "setjmp", "signal", "stdalign", "stdarg", "stdatomic", "stdbit"),
    *("stdbool", "stdckdint", "stddef", "stdint", "stdio", "stdlib", "stdnoreturn", "string", "strings"),
    *("tgmath", "threads", "time", "uchar", "unistd", "wchar", "wctype"),
}
#: Targets that CMake keeps for itself, and the libraries of C.
_TARGETS = {
    *("all", "all_build", "clean", "depend", "edit_cache", "help", "install", "list_install_components"),
    *("package", "package_source", "preinstall", "rebuild_cache", "run_tests", "test", "zero_check"),
    *("c", "m"),
}
#: Names in capitals that the header has.
_TAKEN = (
    "FEATURES",
    "H_",
    "ARENA_BYTES",
    "CALIBRATION_KEPT",
    "CALIBRATION_BLOCK",
    "STEPS",
    "CHANNELS",
    "SMOOTH",
    "RELEASE",
    "LEAST",
)


def write_library(
    folder: Path,
    name: str,
    compiled: Compiled,
    golden: dict[str, np.ndarray],
    *,
    columns: Columns,
    detector: Any = None,
    series: Series | None = None,
) -> None:
    """Write the files of a library.

    Args:
        folder: Folder to write to. It must exist.
        name: Name of the library in C.
        compiled: Signatures in C.
        golden: Inputs and answers by `SIGNATURE_in_NAME` and `SIGNATURE_out_NAME`, `(rows, ...)`.
        columns: Columns of a table.
        detector: Detector with its threshold. Defaults to `None`: the library has none.
        series: Stream of readings. Defaults to `None`: the library takes whole examples alone.
    """
    values = _values(name, compiled, golden, columns, detector) | {"series": _described(series)}
    for template, path in _FILES.items():
        place = folder / path.replace("NAME", name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(render(template, values), encoding="utf-8")
    if detector is not None:
        write_decision(folder, name, numbers_of(detector), golden["detect_out_score"])


def write_readme(
    folder: Path,
    name: str,
    compiled: Compiled,
    facts: dict[str, Any],
    *,
    columns: Columns,
    series: Series | None = None,
) -> None:
    """Write the guide of a library.

    Args:
        folder: Folder of the library.
        name: Name of the library in C.
        compiled: Signatures in C.
        facts: Facts of the artifact, with what was measured.
        columns: Columns of a table.
        series: Stream of readings. Defaults to `None`.
    """
    values = {
        "name": name,
        "series": _described(series),
        "upper": name.upper(),
        "functions": compiled.functions,
        "facts": facts,
    }
    text = render("README.md", {**values, "columns": columns, "version": kerasae.__version__})
    (folder / "README.md").write_text(text, encoding="utf-8")


def _values(
    name: str, compiled: Compiled, golden: dict[str, np.ndarray], columns: Columns, detector: Any
) -> dict[str, Any]:
    functions = compiled.functions
    samples = [function.inputs["x"] for function in functions.values() if "x" in function.inputs]
    main = "detect" if "detect" in functions else "reconstruct"
    upper = name.upper()

    def declaration(function: Function) -> str:
        return f"void {name}_{function.name}({', '.join(_parameters(name, function))})"

    def call(function: Function) -> str:
        words = ["&sample" if key == "x" else key for key in (*function.inputs, *function.outputs)]
        return f"{name}_{function.name}({', '.join(words)})"

    return {
        "name": name,
        "upper": upper,
        "version": kerasae.__version__,
        "purpose": "anomaly detection" if detector is not None else "an autoencoder",
        "functions": functions,
        "main_function": main,
        "main": f"{name}_{main}",
        "constants": compiled.constants.arrays,
        "arena": compiled.arena,
        "ctypes": {part: kind for kind, part in CTYPES.values()},
        "arena_bytes": compiled.arena_bytes,
        "features": samples[0].size,
        "sample": samples[0],
        "uses_sample": True,
        "table": bool(columns.names),
        "columns": [
            {"upper": enumerator, "note": note}
            for enumerator, note in zip(_enumerators(columns.names), columns.notes, strict=True)
        ],
        "codes": columns.codes,
        "origins": any(columns.origins),
        "gone": columns.gone,
        "detector": detector is not None,
        "false_alarms": getattr(detector, "false_alarms", None) or 0.01,
        "golden": golden,
        "rows": len(next(iter(golden.values()))),
        "declaration": declaration,
        "call": call,
        "calls": compiled.calls,
    }


def _described(series: Series | None) -> dict[str, Any] | None:
    """Return a stream of readings as the values of the templates."""
    if series is None:
        return None
    channels = [
        {"upper": upper, "note": note}
        for upper, note in zip(_enumerators(series.names), series.notes, strict=True)
    ]
    return {**dataclasses.asdict(series), "channels": channels, "slow": series.slow}


def _parameters(name: str, function: Function) -> list[str]:
    """Return the parameters of a function in C, inputs first."""
    words = []
    for key, tensor in function.inputs.items():
        words.append(
            f"const {name}_sample *sample"
            if key == "x"
            else f"const {ctype(tensor.dtype)} {key}[{tensor.size}]"
        )
    words += [f"{ctype(tensor.dtype)} {key}[{tensor.size}]" for key, tensor in function.outputs.items()]
    return words


def name_in_c(name: str) -> str:
    """Return a name with `_` in place of each character that C forbids.

    `_model` is appended to the names of headers of C and of targets of CMake, because the header of a library
    is found before that of C.
    """
    name = re.sub(r"[^A-Za-z0-9_]", "_", name)
    name = name if re.match(r"[A-Za-z]", name) else f"model_{name}"
    return f"{name}_model" if name.lower() in _HEADERS | _TARGETS else name


def _enumerators(names: list[str]) -> list[str]:
    """Return different names for the columns in C."""
    taken: list[str] = []
    for name in names:
        plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").upper() or "COLUMN"
        unique, number = plain, 2
        while unique in taken or unique in _TAKEN:
            unique, number = f"{plain}_{number}", number + 1
        taken.append(unique)
    return taken
