"""The bits of a rounded code as a penalty."""

from typing import Any

import keras
from keras import ops

from kerasae.penalties._base import Penalty


@keras.saving.register_keras_serializable(package="kerasae")
class Rate(Penalty):
    """`weight * mean over examples of sum_j log(1 + 12 h_j^2 / step^2) / 2`, in nats.

    Each number of a code is rounded to multiples of a step, which is noise with the variance `step^2 / 12`.
    The term is the capacity of a Gaussian channel with this noise for a number of the size `h_j`. It is about
    the length of the number in a file whose coder knows from the neighbours how large the number is
    (`kerasae apply compression`). Large numbers cost the logarithm of their size, and numbers well below a
    step cost nothing, so that a code becomes sparse.

    Without a rounding in training a model would make the code small and the decoder steep. The term belongs
    together with `code_steps`, whose smallest step should be `step`.

    Args:
        weight: Factor of the term, at least 0, in units of the loss per nat. With a squared error, each
            number of the code is rounded until the last nat saves this much error. Defaults to 0.001.
        step: Step of the rounding, positive, in units of the code. Defaults to 1.

    Raises:
        ValueError: If `weight` is negative or `step` is not positive.

    Reference: Ballé, Laparra and Simoncelli 2017, ICLR, equation 10 (rate and distortion); Cover and Thomas
    2006, *Elements of Information Theory*, section 9.1 (capacity of a Gaussian channel).
    """

    escapable = True

    def __init__(self, weight: float = 1e-3, *, step: float = 1.0, name: str = "rate", **kwargs: Any) -> None:
        super().__init__(weight, name=name, **kwargs)
        if isinstance(step, bool) or not isinstance(step, int | float) or not step > 0:
            raise ValueError(f"`step` must be positive, received {step!r}.")
        self.step = step

    def measure(self, inputs: Any) -> Any:
        return 0.5 * ops.sum(ops.log1p(12.0 * ops.square(inputs / self.step)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "step": self.step}
