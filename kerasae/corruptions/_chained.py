"""ChainedCorruption: base class of noise that may act after another corruption."""

from collections.abc import Mapping
from typing import Any, Self

import keras

from kerasae import registry
from kerasae.corruptions._base import Corruption


class ChainedCorruption(Corruption):
    """Corruption that acts after another one, if there is one. Subclasses implement `corrupt(x, seed)`.

    Args:
        level: Strength of the noise; its unit depends on the subclass.
        before: Corruption that acts first, as an object, name or config. Defaults to `None`.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.
        own: Arguments that only the subclass has, and passes on. Defaults to `None`, for none.
    """

    fixed = ("own",)

    def __init__(
        self,
        level: float,
        *,
        before: str | dict[str, Any] | Corruption | None = None,
        seed: int | None = None,
        own: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(level, seed=seed, **kwargs)
        self.before: Any = registry.get("corruption", before)
        self._alone: Any = None
        if self.before is not None:
            self._alone = type(self)(level, seed=seed, **own or {}, **kwargs)
            # With a seed for the whole model, equal stages would otherwise draw the same numbers.
            self._alone._number_in_class = sum(type(stage) is type(self) for stage in self.before.stages())

    def stages(self) -> list[Corruption]:
        return [self] if self.before is None else [*self.before.stages(), self._alone]

    def build(self, input_shape: Any) -> None:
        for stage in self.stages():
            if stage is not self:
                stage.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any, training: bool = False, seed: Any = None) -> Any:
        if self.before is None:
            return super().call(inputs, training=training, seed=seed)
        for stage in self.stages():
            inputs = stage(inputs, training=training, seed=seed)
        return inputs

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        before = config.get("before")
        if before is not None:
            before = keras.saving.deserialize_keras_object(before)
        return cls(**{**config, "before": before})

    def get_config(self) -> dict[str, Any]:
        before = None if self.before is None else keras.saving.serialize_keras_object(self.before)
        return {**super().get_config(), "before": before}
