"""MicroModel: an int8 file for microcontrollers with the arithmetic around it, in their interpreter."""

import dataclasses
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from kerasae.files import unnumbered
from kerasae.losses import comparable

#: Number of the format of the JSON file with the scales.
FORMAT = 1
_RUN = Path(__file__).parent / "_micro_run.py"


@dataclasses.dataclass(frozen=True)
class Side:
    """Conversion of raw numbers to int8, `q = (number - shift) * factor + zero`, or its inverse.

    Args:
        name: Name of the input or output.
        dtype: Type of the numbers.
        shape: Shape of one example.
        shift: Shift of each number, or of all, float32. It is subtracted first, because it may be large.
        factor: Factor of each number, or of all, float32.
        zero: int8 of the number 0 in `x` or in the code.
        low: Smallest number that is restored. Defaults to `None`: no bound.
        high: Largest number that is restored. Defaults to `None`: no bound.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    shift: np.ndarray
    factor: np.ndarray
    zero: int
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(
        cls,
        name: str,
        dtype: str,
        shape: tuple[int, ...],
        quantization: tuple[float, int],
        shift: Any = 0.0,
        slope: Any = 1.0,
        bounds: tuple[float | None, float | None] = (None, None),
    ) -> "Side":
        """Return a conversion that scales, `x = (number - shift) / slope`, and then quantises."""
        scale, zero = float(quantization[0]), int(quantization[1])
        factor = 1.0 / (np.asarray(slope, "float64") * scale)
        if not np.all(np.isfinite(np.asarray(factor, "float32"))):
            raise ValueError(
                f"Expected steps that float32 can hold for `{name}`, received one of {scale:.3g}."
            )
        return cls(name, dtype, tuple(shape), _compact(shift), _compact(factor), zero, *bounds)

    @property
    def size(self) -> int:
        """Number of entries of an example."""
        return int(np.prod(self.shape))

    def quantized(self, numbers: np.ndarray) -> np.ndarray:
        """Return numbers, `(rows, ...)`, as int8. Halves are rounded away from zero, as in the C code."""
        flat = numbers.reshape(len(numbers), -1).astype("float32")
        with np.errstate(over="ignore", invalid="ignore"):
            steps = (flat - self.shift) * self.factor + np.float32(self.zero)
        away = np.trunc(steps + np.copysign(np.float32(0.5), steps))
        # NaN becomes the lower bound, as in the C code.
        return np.where(away > -128, np.minimum(away, 127), -128).astype("int8").reshape(numbers.shape)

    def restored(self, quantized: np.ndarray, *, clipped: bool = True) -> np.ndarray:
        """Return the numbers of int8, `(rows, ...)`, as float32, within the bounds if `clipped`."""
        flat = quantized.reshape(len(quantized), -1).astype("float32")
        numbers = (flat - np.float32(self.zero)) / self.factor + self.shift
        if clipped and self.low is not None and self.high is not None:
            numbers = np.clip(numbers, np.float32(self.low), np.float32(self.high))
        return numbers.reshape(len(quantized), *self.shape)

    def to_dict(self) -> dict[str, Any]:
        """Return the conversion as values of JSON."""
        plain = {"shift": self.shift.tolist(), "factor": self.factor.tolist(), "shape": list(self.shape)}
        return {**dataclasses.asdict(self), **plain}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Side":
        """Return a conversion from values of JSON."""
        arrays = {key: np.array(values[key], "float32") for key in ("shift", "factor")}
        return cls(**{**values, **arrays, "shape": tuple(values["shape"])})


def _compact(values: Any) -> np.ndarray:
    """Return values as float32 of shape `(n,)`, or `(1,)` if all are equal."""
    flat = np.asarray(values, "float32").ravel()
    return flat[:1] if np.all(flat == flat[0]) else flat


class MicroModel:
    """File of one signature, with the conversion of raw numbers to its int8 and back.

    A file with the signature `reconstruct` also answers `anomaly_score`, the mean squared error in units of
    `x`. The arithmetic is that of the C code beside the file.

    Args:
        content: Bytes of the file.
        signature: Name of the signature.
        sides: Conversions of the input and of the output.
        slope: One unit of `x` in raw units, for scores.
    """

    content: bytes
    signature: str
    given: Side
    answer: Side

    def __init__(self, content: bytes, signature: str, sides: tuple[Side, Side], slope: Any) -> None:
        self.content, self.signature = content, signature
        self.given, self.answer = sides
        self.slope: np.ndarray = _compact(slope)
        self.facts: dict[str, Any] = {}

    @classmethod
    def open(cls, folder: Path) -> "MicroModel":
        """Open a folder that `Tiny` wrote."""
        (path,) = folder.glob("*.tflite")
        scales = path.with_suffix(".json")
        values = unnumbered(json.loads(scales.read_text(encoding="utf-8")), FORMAT, scales)
        sides = Side.from_dict(values["input"]), Side.from_dict(values["output"])
        return cls(path.read_bytes(), values["signature"], sides, values["slope"])

    def to_dict(self) -> dict[str, Any]:
        """Return everything except for the content, as values of the JSON file."""
        return {
            "signature": self.signature,
            "input": self.given.to_dict(),
            "output": self.answer.to_dict(),
            "slope": self.slope.tolist(),
        }

    def signatures(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return shape and dtype of each input and output by signature."""

        def described(name: str, shape: tuple[int, ...], dtype: str) -> dict[str, dict[str, Any]]:
            return {name: {"shape": [1, *shape], "dtype": dtype}}

        given = described(self.given.name, self.given.shape, self.given.dtype)
        answered = described(self.answer.name, self.answer.shape, "float32")
        sides = {self.signature: {"inputs": given, "outputs": answered}}
        if self.signature == "reconstruct":
            sides["anomaly_score"] = {
                "inputs": given,
                "outputs": described("score", (), "float32"),
            }
        return sides

    def run(self, signature: str, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the outputs for rows of inputs, in raw units."""
        if signature not in self.signatures():
            raise ValueError(f"Expected the signature {self.signature}, received {signature}.")
        numbers = sent[self.given.name]
        answered = self.quantized_answers(self.given.quantized(numbers))
        if signature == self.signature:
            return {self.answer.name: self.answer.restored(answered)}
        # The score of a model is that of the answer of its decoder, which is not clipped.
        off = numbers.astype("float32") - self.answer.restored(answered, clipped=False)
        with np.errstate(over="ignore"):
            score = np.mean(np.square(off.reshape(len(off), -1) / self.slope), axis=1, dtype="float32")
        return {"score": np.asarray(comparable(score))}

    def quantized_answers(self, rows: np.ndarray, arena_bytes: int | None = None) -> np.ndarray:
        """Return the answers of the interpreter, int8. Afterwards `facts` contains its time and its memory.

        Args:
            rows: Inputs, int8 of shape `(rows, ...)`.
            arena_bytes: Size of its memory in bytes. Defaults to `None`: as much as it needs.

        Raises:
            ValueError: If the interpreter lacks an operation.
            RuntimeError: If the interpreter ends for another reason.
        """
        with tempfile.TemporaryDirectory(prefix="kerasae-") as folder:
            model, sent, answers = (Path(folder) / name for name in ("m.tflite", "rows.npy", "answers.npz"))
            model.write_bytes(self.content)
            np.save(sent, rows)
            done = subprocess.run(
                [sys.executable, str(_RUN), str(model), str(sent), str(answers), str(arena_bytes or "")],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                lacking = re.search(r"(?:opcode|op) '(\w+)'", done.stderr)
                if lacking is not None:
                    raise ValueError(
                        f"Expected operations that microcontrollers have, received {lacking[1]}; take "
                        "another activation, such as relu, elu, tanh or sigmoid."
                    )
                last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
                raise RuntimeError(f"The interpreter for microcontrollers ended: {last}")
            with np.load(answers) as outcome:
                self.facts = {
                    "latency_ms": 1e3 * float(outcome["seconds"]),
                    "arena_bytes": int(outcome["arena_bytes"]),
                }
                return outcome["answers"]
