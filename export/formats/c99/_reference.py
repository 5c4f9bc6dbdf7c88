"""ReferenceModel: a `.tflite` file in TFLite's reference kernels, with which the C code agrees bit by bit."""

from pathlib import Path
from typing import Any

from kerasae.export.verify_edge import EdgeModel

#: Signatures that the C code has, if the file has them.
SIGNATURES = ("detect", "anomaly_score", "reconstruct", "encode", "decode")


class ReferenceModel(EdgeModel):
    """`.tflite` file in the interpreter's reference kernels, without those made for one processor.

    Args:
        content: Bytes of the file.
    """

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter = Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        )
        self._runners = {}

    @classmethod
    def open(cls, folder: Path) -> "ReferenceModel":
        """Open a folder that `C99` wrote."""
        (path,) = folder.glob("*.tflite")
        return cls(path.read_bytes())

    def signatures(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {name: one for name, one in super().signatures().items() if name in SIGNATURES}
