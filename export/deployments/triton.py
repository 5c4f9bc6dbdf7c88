"""triton: a model repository of NVIDIA Triton with the ONNX file of the bundle."""

import json
from pathlib import Path
from typing import Any

from kerasae.export.deployments._deployment import Deployment, Model, Shipped

#: Image with the backend of ONNX Runtime.
IMAGE = "nvcr.io/nvidia/tritonserver:25.08-py3"
#: Types of Triton by those of NumPy. Strings are objects there.
TYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "STRING",
}

_REPOSITORY = "triton"
_MOST_ROWS = 1024
_TEMPLATE = """\
# Written by `kerasae export` from the signature of the file, which replaces it.
name: {name}
backend: "onnxruntime"
# Rows of a request or of a batch of requests. `dims` leave the rows out.
max_batch_size: {rows}
{tensors}
dynamic_batching {{ max_queue_delay_microseconds: 1000 }}
"""


def triton(shipped: Shipped) -> Deployment | None:
    """Return a model repository with the ONNX file; `None` without one.

    The images of Triton have no backend for a SavedModel since release 25.03.

    Args:
        shipped: Facts of the bundle.
    """
    models = shipped.newest("onnx")
    if not models:
        return None
    files: dict[str, str | Path] = {}
    for model in models:
        home = f"{_REPOSITORY}/{model.name}"
        files[f"{home}/config.pbtxt"] = config_of(model)
        files[f"{home}/{model.version}/model.onnx"] = Path(model.entry["path"])
    ports = "-p 8000:8000 -p 8001:8001"
    mounted = f'-v "$PWD/deploy/{_REPOSITORY}:/models:ro"'
    command = f"docker run --rm {ports} {mounted} {IMAGE} \\\n  tritonserver --model-repository=/models"
    return Deployment("NVIDIA Triton", command, files)


def config_of(model: Model) -> str:
    """Return `config.pbtxt` for the only signature of an ONNX file."""
    (sides,) = model.entry["signatures"].values()
    tensors = [
        _tensors(side, {name: sides[key][name] for name in sorted(sides[key])})
        for side, key in (("input", "inputs"), ("output", "outputs"))
    ]
    return _TEMPLATE.format(name=json.dumps(model.name), rows=_MOST_ROWS, tensors="\n".join(tensors))


def _tensors(side: str, described: dict[str, dict[str, Any]]) -> str:
    return f"{side} [\n" + ",\n".join(_tensor(name, one) for name, one in described.items()) + "\n]"


def _tensor(name: str, described: dict[str, Any]) -> str:
    lengths = [-1 if length is None else int(length) for length in described["shape"][1:]]
    # A tensor of Triton has a dimension beside the rows.
    shape = f"dims: {lengths}" if lengths else "dims: [1] reshape { shape: [] }"
    return f"  {{ name: {json.dumps(name)} data_type: TYPE_{TYPES[described['dtype']]} {shape} }}"
