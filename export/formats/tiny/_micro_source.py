"""C source of a file for microcontrollers: header, arithmetic, test vector, and the file as an array."""

import re
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from kerasae.export.formats.tiny._micro_model import FORMAT, MicroModel

import kerasae
from kerasae.files import numbered, write_json

_TEMPLATES = Path(__file__).parent
_CTYPES = {"uint8": "uint8_t", "int32": "int32_t", "float32": "float"}


def write_model(folder: Path, name: str, micro: MicroModel) -> None:
    """Write a model as a `.tflite` file, and its scales as JSON.

    Args:
        folder: Folder to write to. It must exist.
        name: Name of the files; characters that C forbids are replaced.
        micro: Model to write.
    """
    path = folder / _name_in_c(name)
    path.with_suffix(".tflite").write_bytes(micro.content)
    write_json(path.with_suffix(".json"), numbered(micro.to_dict(), FORMAT))


def write_source(folder: Path, name: str, micro: MicroModel, raw: np.ndarray, facts: dict[str, Any]) -> None:
    """Write a model as C source and header.

    Args:
        folder: Folder to write to. It must exist.
        name: Name of the files and of the model in C; characters that C forbids are replaced.
        micro: Model to write.
        raw: Raw example for the test vector, `(1, ...)`.
        facts: Facts of the artifact: `arena_bytes`, `operations`, and `origins` if numbers have such.
    """
    name = _name_in_c(name)
    quantized = micro.given.quantized(raw)
    # A tenth is added, and the test vector is run in that much memory.
    arena_bytes = -(-int(1.1 * facts["arena_bytes"]) // 16) * 16
    values = {
        "name": name,
        "upper": name.upper(),
        "version": kerasae.__version__,
        "signature": micro.signature,
        "given": micro.given,
        "answer": micro.answer,
        "slope": micro.slope,
        "origins": np.ravel(facts.get("origins", ())).tolist(),
        "ctype": _CTYPES[micro.given.dtype],
        "arena_bytes": arena_bytes,
        "operations": ["".join(part.title() for part in one.split("_")) for one in facts["operations"]],
        "test": {
            "raw": raw.ravel(),
            "input": quantized.ravel(),
            "output": micro.quantized_answers(quantized, arena_bytes).ravel(),
        },
        "model": list(micro.content),
        "numbers": _numbers,
        "floats": lambda array: ", ".join(_literal(value) for value in array),
        "literal": _literal,
        "index": lambda array: "i" if len(array) > 1 else "0",
    }
    environment = jinja2.Environment(
        trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    for suffix in ("h", "c"):
        template = environment.from_string((_TEMPLATES / f"tiny.{suffix}.jinja").read_text(encoding="utf-8"))
        (folder / f"{name}.{suffix}").write_text(template.render(values), encoding="utf-8")


def _name_in_c(name: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return name if re.match(r"[A-Za-z]", name) else f"model_{name}"


def _literal(value: Any) -> str:
    """Return a float as a literal of C, which reads back to the same bits."""
    text = np.format_float_positional(np.float32(value), unique=True, trim="0")
    if len(text) > 20:
        text = np.format_float_scientific(np.float32(value), unique=True, trim="0")
    return f"{text}f"


def _numbers(values: Any, width: int = 16) -> str:
    """Return numbers as lines of an array in C."""
    texts = [_literal(v) if isinstance(v, np.floating) else str(int(v)) for v in values]
    lines = [", ".join(texts[start : start + width]) for start in range(0, len(texts), width)]
    return ",\n".join(f"  {line}" for line in lines)
