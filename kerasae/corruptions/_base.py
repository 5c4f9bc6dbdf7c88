"""Corruption: noise on the input of an autoencoder."""

from typing import Any

from kerasae.layers import NoiseLayer


class Corruption(NoiseLayer):
    """Spoils its input in training, or wherever a seed is handed to it; otherwise the identity.

    Subclasses write `corrupt(x, seed)`.

    Args:
        level: how strong; the subclass says in what unit.
        seed: an integer that fixes the sequence of draws, or `None`.

    Call arguments:
        inputs: `x`, `(batch, ...)`.
        training: whether to spoil.
        seed: two int32 for this draw, in place of the layer's own sequence; spoils in any mode.

    Returns:
        A tensor shaped like the input.

    Raises:
        ValueError: if `level` is out of its range.
    """

    #: Above it a level has no meaning.
    highest = 1.0
    #: Whether it has a meaning for numbers alone, not for codes of categories or words.
    continuous = False
    #: Whether it makes entries of a table missing.
    makes_gaps = False
    #: What a masked feature becomes; a model with a preprocessor sets it to the mark of its kind.
    blank: float = 0.0
    #: The least and the greatest `x`, numbers or one for each feature; a model with a preprocessor
    #: sets them to those of its training data.
    ends: tuple[Any, Any] = (0.0, 1.0)

    def __init__(self, level: float, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        if isinstance(level, bool) or not isinstance(level, int | float) or not 0 <= level <= self.highest:
            bound = "non-negative" if self.highest == float("inf") else f"in [0, {self.highest:g}]"
            raise ValueError(f"`level` must be {bound}, received {level!r}.")
        self.level = level

    def suit(self, preprocessor: Any) -> None:
        """Takes over from a preprocessor what a blank is in its `x`, and between what ends `x` lies."""
        self.blank = preprocessor.blank
        if preprocessor.ends is not None:
            self.ends = preprocessor.ends

    def stages(self) -> list["Corruption"]:
        """The corruptions that act one after the other: this one alone, unless it is made of several."""
        return [self]

    def corrupt(self, x: Any, seed: Any) -> Any:
        """The spoiled `x`."""
        raise NotImplementedError(f"{type(self).__name__} must write `corrupt`.")

    def call(self, inputs: Any, training: bool = False, seed: Any = None) -> Any:
        if (not training and seed is None) or self.level == 0:
            return inputs
        return self.corrupt(inputs, self.next_seed(seed))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "level": self.level}
