"""`model.py` of Triton's Python backend that answers with ONNX Runtime.

The server that comes with nvidia-pytriton has no backend of its own for ONNX. All else is Triton: it reads
the repository and the configuration, checks the requests against it, joins them, and gives the answers.

The backend was built for NumPy 1, and takes an entry of an array of NumPy 2 to have no bytes. So arrays come
and go by DLPack.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as utils


class TritonPythonModel:
    """ONNX file `model.onnx` beside this one."""

    def initialize(self, arguments):
        path = Path(__file__).with_name("model.onnx")
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.inputs = [one.name for one in self.session.get_inputs()]
        self.outputs = [one.name for one in self.session.get_outputs()]
        self.capsules = []

    def execute(self, requests):
        sent = [
            {name: np.from_dlpack(utils.get_input_tensor_by_name(request, name)) for name in self.inputs}
            for request in requests
        ]
        ends = np.cumsum([len(one[self.inputs[0]]) for one in sent])[:-1]
        batch = {name: np.concatenate([one[name] for one in sent]) for name in self.inputs}
        parts = [np.split(values, ends) for values in self.session.run(self.outputs, batch)]
        named = dict(zip(self.outputs, parts, strict=True))
        return [
            utils.InferenceResponse([self.tensor(name, part[i]) for name, part in named.items()])
            for i in range(len(requests))
        ]

    def tensor(self, name, values):
        # The capsule is kept, because NumPy does not know the mark of one that was used.
        self.capsules.append(values.__dlpack__())
        return utils.Tensor.from_dlpack(name, self.capsules[-1])
