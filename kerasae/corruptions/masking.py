"""Masking noise: features are erased."""

from typing import Any

import keras
from keras import ops

from kerasae import registry
from kerasae.corruptions._base import Corruption


@keras.saving.register_keras_serializable(package="kerasae")
class MaskingNoise(Corruption):
    """Each feature is erased with probability `level`.

    A number becomes 0, an entry of a table becomes missing, and a word becomes the unknown word.

    Args:
        level: Probability in [0, 1]. Defaults to 0.25.
        before: Corruption that acts first, as an object, name or config, such as `"swap"` for a table that
            gets both swapped and missing entries. Defaults to `None`.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Reference: Vincent et al. 2010, JMLR, section 3.3.
    """

    makes_gaps = True

    def __init__(
        self,
        level: float = 0.25,
        *,
        before: str | dict[str, Any] | Corruption | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(level, seed=seed, **kwargs)
        self.before: Any = registry.get("corruption", before)
        self._alone: Any = None if before is None else MaskingNoise(level, seed=seed, **kwargs)

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

    def corrupt(self, x: Any, seed: Any) -> Any:
        kept = self.uniform(ops.shape(x), seed) >= self.level
        return ops.where(kept, x, ops.full_like(x, self.blank))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "MaskingNoise":
        before = config.get("before")
        if before is not None:
            before = keras.saving.deserialize_keras_object(before)
        return cls(**{**config, "before": before})

    def get_config(self) -> dict[str, Any]:
        before = None if self.before is None else keras.saving.serialize_keras_object(self.before)
        return {**super().get_config(), "before": before}
