"""Preprocessor: raw examples to the numbers that a network sees, and back."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasae.keras_classes import Layer
from kerasae.preprocessing._arrays import array_tensors
from kerasae.preprocessing._dtypes import to_dtype
from kerasae.spec import Spec


class Preprocessor(Layer):
    """Maps raw examples to `x` and back, inside the model.

    A preprocessor is fitted on the training split, saved with the model, and written into its artifacts. So
    a served model scales its inputs as in training.

    Args:
        spec: Description of one raw example. Its dict form is accepted too.

    Call arguments:
        inputs: Raw examples as tensors, as `tensors` returns them.

    Returns:
        `x`, `(batch, ...)`, of `x_dtype`.
    """

    #: Kinds of examples that the preprocessor is for.
    kinds: ClassVar[tuple[str, ...]] = ("image", "vector")
    #: Type of `x`.
    x_dtype: ClassVar[str] = "float32"
    #: Value in `x` of a feature that is masked.
    blank: float = 0.0

    def __init__(self, spec: Spec | dict[str, Any], **kwargs: Any) -> None:
        # Raw integers must not be rounded to float16, nor x to the policy of the model.
        kwargs.setdefault("autocast", False)
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.spec: Spec = spec if isinstance(spec, Spec) else Spec.from_dict(spec)
        if self.spec.kind not in self.kinds:
            raise ValueError(
                f"{type(self).__name__} is for examples of kind {' or '.join(self.kinds)}, received kind "
                f"'{self.spec.kind}'; leave the preprocessing out to take the one that suits."
            )

    # Fitting -------------------------------------------------------------------------------------

    def fit(self, raw: Any) -> "Preprocessor":
        """Fit on the training examples and return this preprocessor."""
        return self.fit_chunks(lambda: [raw])

    def fit_chunks(self, chunks: Callable[[], Iterable[Any]]) -> "Preprocessor":
        """Fit like `fit`, from examples that are read part by part, once for each call of `chunks`."""
        return self

    # From raw examples to x ----------------------------------------------------------------------

    def tensors(self, raw: Any) -> Any:
        """Convert a user's raw examples into the input of `call`: an array, or a dict of arrays.

        Raises:
            ValueError: if the examples are not of this spec.
        """
        return array_tensors(raw, self.spec)

    def together(self, tensors: Any) -> Any:
        """Return the result of `tensors` in as few tensors as possible, for a graph. `call` takes it too."""
        return tensors

    def inputs(self) -> Any:
        """Return symbolic raw examples, for a functional model."""
        return keras.Input(self.spec.shape, dtype=self.spec.dtype, name="raw")

    def named(self, inputs: Any) -> Any:
        """Convert the result of `inputs` into the input of `call`."""
        return inputs

    @property
    def lookups(self) -> list[keras.layers.Layer]:
        """The layers with tables of strings, which an exported graph must track."""
        return []

    def to_x(self, raw: Any, batch_size: int = 8192) -> np.ndarray:
        """Convert a user's raw examples into `x`, `(rows, ...)`, a NumPy array."""
        nest = self.tensors(raw)
        return np.concatenate([ops.convert_to_numpy(self(part)) for part in slices(nest, batch_size)])

    @property
    def ends(self) -> tuple[Any, Any] | None:
        """The smallest and the greatest `x` of training, numbers or one for each feature, if known."""
        return None

    @property
    def reach(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The smallest and the greatest `x` of each feature in training. Defaults to `None`, for no limits.

        Without limits, a gross error would dominate the loss of its batch, and with it all weights.
        """
        return None

    @property
    def precision(self) -> str:
        """Type in which raw numbers are scaled: float64 if float32 cannot hold all numbers of the raw type.

        A number far from 0 loses its last digits if it is cast before it is shifted. At best, float32
        distinguishes 1,700,000,000 from 1,700,000,064.
        """
        return "float32" if np.can_cast(self.spec.dtype, "float32") else "float64"

    @property
    def affine(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Shift and slope of `x = (raw - shift) / slope`, float64; `None` if it does anything else."""
        return None

    def log_volume(self, x: np.ndarray) -> np.ndarray:
        """Return the sum of `log |d raw / d x|` over the numbers of each example, `(batch,)`, float64.

        It turns a density of `x` into one in raw units: `-log p(raw) = -log p(x) + log_volume(x)`.

        Args:
            x: Examples, `(batch, ...)`, with NaN for a missing entry.

        Raises:
            ValueError: if `x` is not made from the raw numbers by shifting and scaling.
        """
        if self.affine is None:
            raise ValueError(
                f"Expected numbers that were shifted and scaled, received what {type(self).__name__} makes; "
                "take the unit 'x'."
            )
        logs = np.broadcast_to(np.log(self.affine[1]), x.shape[1:])
        return np.where(np.isnan(x), 0.0, logs).reshape(len(x), -1).sum(axis=1)

    def counted_from(self, origin: Any) -> "Preprocessor":
        """Return this preprocessor for float32 numbers that `origin` was already subtracted from.

        Args:
            origin: Number, or one for each feature, in raw units, float64.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `counted_from`.")

    # And back ------------------------------------------------------------------------------------

    def inverse(self, x: Any) -> Any:
        """Convert `x` back to raw units, `(batch, ...)`, in the type `precision`. It works in a graph."""
        raise NotImplementedError(f"{type(self).__name__} must write `inverse`.")

    def restore(self, x: Any) -> Any:
        """Convert `x` to raw examples of the original type. Integers are rounded and kept in range."""
        raw = ops.convert_to_numpy(self.inverse(x))
        if self.spec.low is not None or self.spec.high is not None:
            raw = np.clip(raw, self.spec.low, self.spec.high)
        return to_dtype(raw, self.spec.dtype)

    def at_shape(self, shape: tuple[int, ...]) -> "Preprocessor":
        """Return this preprocessor for examples of another shape.

        Raises:
            ValueError: If it has learned numbers for each entry of an example.
        """
        raise ValueError(
            f"Expected a preprocessor that treats all pixels alike, received {type(self).__name__}, which "
            "knows each pixel of one size; train with --set preprocessing.name=rescaling."
        )

    # In training ---------------------------------------------------------------------------------

    #: Share of a training batch that `augment` replaces.
    resampled: float = 0.0
    #: What `drawn` makes of an example, as a word for the unit of a likelihood, such as "dequantised". It is
    #: empty if `drawn` changes nothing.
    draws: str = ""

    def augment(self, x: Any, seed: Any) -> Any:
        """Return a training batch in which some examples are made of parts of others, or drawn anew."""
        return x

    def drawn(self, x: Any, seed: Any) -> Any:
        """Return random examples that `x`, `(batch, ...)`, stands for; by default `x` itself.

        The validation and the likelihood of a model use these, as training does.

        Args:
            x: Examples as `call` returns them.
            seed: Two integers.
        """
        return x

    def check_noise(self, continuous: bool) -> None:
        """Refuse a corruption that has no meaning for this kind of example.

        Args:
            continuous: Whether the corruption is for numbers only, not for codes.
        """

    def mend(self, x: Any, noisy: Any, continuous: bool) -> Any:
        """Undo changes that a corruption must not make to this kind of example.

        Args:
            x: Examples before the corruption, `(batch, ...)`.
            noisy: Examples after the corruption.
            continuous: Whether the corruption is for numbers only, not for codes.
        """
        return noisy

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        return keras.KerasTensor(inputs.shape, self.x_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "spec": self.spec.to_dict()}


def check_scaled(preprocessor: Preprocessor, low: np.ndarray, high: np.ndarray) -> None:
    """Raise a ValueError if the ends of the training data do not become two different finite numbers.

    Args:
        preprocessor: Fitted preprocessor, without missing entries.
        low: Smallest raw value of each feature, in the shape of an example.
        high: Greatest raw value of each feature.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        least, greatest = preprocessor.to_x(np.stack([low, high]))
        lost = ~(np.isfinite(least) & np.isfinite(greatest)) | ((greatest <= least) & (high > low))
    if lost.any():
        place = int(np.flatnonzero(lost)[0])
        raise ValueError(
            "Expected numbers that can be scaled to about 1, received a feature from "
            f"{low.flat[place]:.3g} to {high.flat[place]:.3g} (number {place}, counted from 0); "
            "take its logarithm, or leave it out."
        )


def check_rows(nest: Any) -> None:
    """Refuse arrays and datasets without rows."""
    first = tf.nest.flatten(nest)[0]
    empty = isinstance(first, tf.data.Dataset) and int(first.cardinality()) == 0
    if empty or getattr(first, "shape", (None,))[:1] == (0,):
        raise ValueError("Expected at least one example, received none.")


def slices(nest: Any, size: int) -> Iterable[Any]:
    """Give an array, or a dict of arrays of equal length, in parts of `size` rows, as tensors."""
    check_rows(nest)
    for start in range(0, len(tf.nest.flatten(nest)[0]), size):
        part = slice(start, start + size)
        yield tf.nest.map_structure(lambda array, part=part: tf.convert_to_tensor(array[part]), nest)
