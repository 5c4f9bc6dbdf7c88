"""keras_file: the model as Keras saves it, an export format from outside the library."""

from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.formats import Draft, Format
from kerasae.export.parity import Case, make_cases
from kerasae.export.subject import Subject
from kerasae.export.timing import median_seconds
from kerasae.export.views import View

from kerasae.codec import Codec
from kerasae.models import load_model


class KerasFile(Format):
    """`.keras` file that answers `encode`, for programs that have this library."""

    loads = "a .keras file"
    on_request = "Also the model as Keras saves it."
    card = Path(__file__).with_name("keras_file.md.jinja")

    def place(self, name: str, version: int) -> str:
        return f"keras/{name}.keras"

    def cases(self, subject: Subject, view: View) -> dict[str, Case]:
        case = make_cases(subject, view, seeded=False)["encode"]
        return {"encode": Case(case.sent, {"z": case.expected["z"]}, {"z": case.units["z"]})}

    def make(self, draft: Draft) -> None:
        draft.subject.model.save(draft.place)

    @classmethod
    def runtime(cls, path: Path) -> "_Opened":
        return _Opened(path)

    @classmethod
    def opens(cls, path: Path) -> bool:
        return path.suffix == ".keras"

    @classmethod
    def load(cls, path: Path, source: Any = None) -> Codec:
        model: Codec = load_model(path)
        return model

    def complete(self, draft: Draft) -> None:
        one = draft.row("encode")
        draft.facts |= {
            "bytes": draft.place.stat().st_size,
            "latency_ms": 1e3 * median_seconds(lambda: draft.runtime.run("encode", one)),
        }


class _Opened:
    """A `.keras` file that was loaded.

    Args:
        path: Path of the file.
    """

    def __init__(self, path: Path) -> None:
        self.model = load_model(path)

    def signatures(self) -> dict[str, Any]:
        spec = self.model.preprocessor.spec
        return {
            "encode": {
                "inputs": {"x": {"shape": [None, *spec.shape], "dtype": spec.dtype}},
                "outputs": {"z": {"shape": [None, self.model.latent_dim], "dtype": "float32"}},
            }
        }

    def run(self, signature: str, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"z": self.model.transform(sent["x"])}
