"""OnnxModel: an ONNX file in ONNX Runtime, on one thread."""

from pathlib import Path
from typing import Any

import numpy as np

_TYPES = {"float": "float32", "double": "float64"}


class OnnxModel:
    """ONNX file with one graph, which is its signature `all`.

    Args:
        path: Path of the file.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def signatures(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return shape and dtype of each input and output; `None` stands for any number of rows."""
        sides = {"inputs": self._session.get_inputs(), "outputs": self._session.get_outputs()}
        return {
            "all": {
                side: {
                    one.name: {
                        "shape": [n if isinstance(n, int) else None for n in one.shape],
                        "dtype": _dtype(one.type),
                    }
                    for one in sorted(nodes, key=lambda one: one.name)
                }
                for side, nodes in sides.items()
            }
        }

    def run(self, signature: str, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the outputs for arrays of inputs, both by name."""
        names = [one.name for one in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, sent), strict=True))


def _dtype(name: str) -> str:
    inner = name.removeprefix("tensor(").removesuffix(")")
    return _TYPES.get(inner, inner)
