"""TrainableModel: a TFLite file that learns, run call by call on one thread."""

from typing import Any

import numpy as np


class TrainableModel:
    """A file with the signatures `train`, `infer`, `get_weights` and `set_weights`.

    The weights live in the interpreter: a new one begins with those of the file.

    Args:
        content: of the file.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.restart()

    def restart(self) -> None:
        """Back to the weights of the file."""
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=self.content, num_threads=1)
        names = self._interpreter.get_signature_list()
        self._runners = {name: self._interpreter.get_signature_runner(name) for name in names}

    def signatures(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Inputs and outputs of each signature: shape and dtype by name."""

        def described(details: dict[str, Any]) -> dict[str, dict[str, Any]]:
            return {
                name: {"shape": [int(n) for n in one["shape"]], "dtype": np.dtype(one["dtype"]).name}
                for name, one in details.items()
            }

        return {
            name: {
                "inputs": described(runner.get_input_details()),
                "outputs": described(runner.get_output_details()),
            }
            for name, runner in self._runners.items()
        }

    def call(self, signature: str, **sent: Any) -> dict[str, np.ndarray]:
        """The answer to one call, which may change the weights."""
        # A copy: the runner answers with views of memory that the next call writes to.
        return {name: np.array(value) for name, value in self._runners[signature](**sent).items()}

    def run(self, signature: str, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The answers to calls in turn, `(calls, ...)`, from the weights of the file on."""
        self.restart()
        calls = len(next(iter(sent.values()))) if sent else 1
        answers = [
            self.call(signature, **{name: value[i] for name, value in sent.items()}) for i in range(calls)
        ]
        return {name: np.stack([one[name] for one in answers]) for name in answers[0]}
