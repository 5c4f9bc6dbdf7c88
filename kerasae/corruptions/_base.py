"""Corruption: base class of noise on the input of an autoencoder."""

from typing import Any

import numpy as np

from kerasae.layers import NoiseLayer


class Corruption(NoiseLayer):
    """Adds noise to its input in training, or whenever it is called with a seed.

    Otherwise it returns the input unchanged. Subclasses implement `corrupt(x, seed)`.

    Args:
        level: Strength of the noise; its unit depends on the subclass.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Call arguments:
        inputs: `x` of shape `(batch, ...)`.
        training: Whether to corrupt the input. Defaults to False.
        seed: Two int32 that fix this draw, in place of the layer's own sequence. With a seed the input is
            corrupted outside training too. Defaults to `None`.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: If `level` is out of its range.
    """

    #: Largest allowed level.
    highest: float = 1.0
    #: Whether the noise is meaningful only for numbers, not for codes of categories or words.
    continuous = False
    #: Whether the noise makes entries of a table missing.
    makes_gaps = False
    #: Value of a masked feature. A model with a preprocessor replaces it by the preprocessor's `blank`.
    blank: float = 0.0
    #: Smallest and largest `x`, each a number or an array with one number per feature. A model with a
    #: preprocessor replaces them by those of its training data.
    ends: tuple[Any, Any] = (0.0, 1.0)

    def __init__(self, level: float, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        if isinstance(level, bool) or not isinstance(level, int | float) or not 0 <= level <= self.highest:
            bound = "non-negative" if self.highest == float("inf") else f"in [0, {self.highest:g}]"
            raise ValueError(f"`level` must be {bound}, received {level!r}.")
        self.level = level

    def suit(self, preprocessor: Any) -> None:
        """Copy the value of a masked feature and the range of `x` from a preprocessor."""
        self.blank = preprocessor.blank
        if preprocessor.ends is not None:
            self.ends = preprocessor.ends

    def stages(self) -> list["Corruption"]:
        """Return the corruptions that act one after the other; only this one, unless it combines several."""
        return [self]

    def corrupt(self, x: Any, seed: Any) -> Any:
        """Return the corrupted `x`."""
        raise NotImplementedError(f"{type(self).__name__} must write `corrupt`.")

    def covariance(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return the covariance of the noise of this stage, `(size, size)`, if it does not depend on `x`.

        Args:
            shape: Shape of an example, of `size` features in all.

        Raises:
            ValueError: If the noise depends on `x`.
        """
        raise ValueError(
            f"Expected noise that is added to x, such as gaussian or shift, received {type(self).__name__}, "
            "which depends on x; use --set train.solver=gradient."
        )

    def call(self, inputs: Any, training: bool = False, seed: Any = None) -> Any:
        if (not training and seed is None) or self.level == 0:
            return inputs
        return self.corrupt(inputs, self.next_seed(seed))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "level": self.level}
