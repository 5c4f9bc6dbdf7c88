"""Trainable: a TFLite file that can be trained on the device."""

from pathlib import Path
from typing import Any, ClassVar

from kerasae.export.formats._base import Format
from kerasae.export.formats._convert import builtin_operations, convert
from kerasae.export.formats._draft import Draft
from kerasae.export.formats._limits import Limit, arrays_only, no_layers
from kerasae.export.formats.trainable._cases import learning_cases, restored
from kerasae.export.formats.trainable._learning import learning_endpoints
from kerasae.export.parity import Case
from kerasae.export.subject import Subject
from kerasae.export.timing import median_seconds
from kerasae.export.verify_edge import TrainableModel
from kerasae.export.views import View


class Trainable(Format):
    """`.tflite` file that can be trained on the device, with the same result as in Keras.

    The file has four signatures over the same weights, of builtin operations only:

    - `train` takes a batch of raw `x` and a `learning_rate`, makes a step of Adam, and answers with the
      `loss` before the step.
    - `infer` takes one raw `x`, and answers with `z`, `reconstruction` and `score`.
    - `get_weights` answers with the weights that `train` changes, float32.
    - `set_weights` takes these weights and answers with them. Adam restarts, as in a new interpreter.

    The interpreter forgets what it learned when it is closed, unless a client keeps the weights.

    The loss is the reconstruction loss of the model, averaged over the batch, without noise and without the
    penalties of the family. So a training on the device adapts a model, and does not replace the first
    training. Constraints on kernels are kept. The export compares ten steps with those of Keras.

    The model must be one of images or vectors, with a network of dense layers. TFLite has no operation for
    the gradient of a convolution, nor for that of the heads of a table.

    Args:
        batch_size: Number of examples in a step. The file accepts no other number. Defaults to 16.

    Raises:
        ValueError: If `batch_size` is not a positive integer.

    Example:
        >>> from kerasae.export import Trainable
        >>> Trainable(batch_size=32).write("runs/digits", "digits_trainable.tflite")
    """

    on_request = (
        "Also write a file that can be trained on the device, for dense networks on images or vectors."
    )
    purpose = "to learn on a device"
    limits: ClassVar[tuple[Limit, ...]] = (
        arrays_only("TFLite has no gradient of its heads"),
        no_layers("Conv", "a network of dense layers", "TFLite has no gradient of a convolution"),
    )
    score = reconstruct = "infer"
    card: ClassVar[Path | None] = Path(__file__).with_name("card.md.jinja")

    def __init__(self, batch_size: int = 16) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"`batch_size` must be a positive integer, received {batch_size!r}.")
        self.batch_size = batch_size

    @property
    def golden(self) -> str:
        return f"trainable-{self.batch_size}"

    def place(self, name: str, version: int) -> str:
        return f"edge/{name}_trainable.tflite"

    def cases(self, subject: Subject, view: View) -> dict[str, Case]:
        return learning_cases(subject, view, self.batch_size)

    def make(self, draft: Draft) -> None:
        def variables(converter: Any) -> None:
            # Without this option the weights are constants, and a step changes nothing.
            converter.experimental_enable_resource_variables = True

        model = draft.subject.model
        with restored(model):
            content = convert(learning_endpoints(model, draft.view, self.batch_size), variables)
        draft.facts |= {
            "bytes": len(content),
            "operations": builtin_operations(content),
            "batch_size": self.batch_size,
        }
        draft.place.write_bytes(content)

    @classmethod
    def runtime(cls, path: Path) -> TrainableModel:
        return TrainableModel(path.read_bytes())

    def complete(self, draft: Draft) -> None:
        learner: TrainableModel = draft.runtime
        one, step = (
            {key: value[0] for key, value in draft.cases[name].sent.items()} for name in ("infer", "train")
        )
        draft.facts |= {
            "latency_ms": 1e3 * median_seconds(lambda: learner.call("infer", **one)),
            "step_ms": 1e3 * median_seconds(lambda: learner.call("train", **step)),
        }
