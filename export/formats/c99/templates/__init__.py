"""Templates of the files of a C library."""

from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from kerasae.export.formats.c99._source import ctype, literal

_HERE = Path(__file__).parent
_FOLDERS = (_HERE, _HERE / "builds", _HERE / "programs", _HERE.parent / "operators" / "kernels")


def render(name: str, values: dict[str, Any]) -> str:
    """Return a file that is made from a template.

    Args:
        name: Name of the template, without `.jinja`.
        values: Values of its variables.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDERS),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {"ctype": ctype, "numbers": numbers, "literal": literal, "bits": bits}
    return environment.get_template(f"{name}.jinja").render(values)


def numbers(array: np.ndarray, width: int = 100) -> str:
    """Return numbers as lines of an array in C."""
    flat = array.ravel()
    if flat.dtype == "float64":
        texts = [repr(float(value)) for value in flat]
    elif flat.dtype == "float32":
        texts = [literal(value) for value in flat]
    else:
        # The lowest int32 has no literal.
        texts = [
            str(int(value)) if value != np.iinfo("int32").min else "INT32_MIN" for value in flat.tolist()
        ]
    lines, line = [], ""
    for text in texts:
        if line and len(line) + len(text) + 2 > width:
            lines.append(f"  {line},")
            line = text
        else:
            line = f"{line}, {text}" if line else text
    return "\n".join([*lines, f"  {line}"])


def bits(array: np.ndarray) -> np.ndarray:
    """Return numbers as whole numbers: those of 4 bytes by their bits, the others as they are."""
    flat = np.ascontiguousarray(array).ravel()
    return flat.view("uint32") if flat.dtype == "float32" else flat
