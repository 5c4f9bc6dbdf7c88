"""Space: examples and decoded codes as points with meaningful distances."""

from typing import Any, Self

import numpy as np

from kerasae.applications._points import Points
from kerasae.codec import Codec
from kerasae.data import NO_ROWS, Data, Examples, Split
from kerasae.kinds import kind_of
from kerasae.spec import Spec


class Space:
    """Raw examples and decoded codes as points, and training rows among which they lie.

    Args:
        codec: Codec that decodes.
        spec: Description of the examples.

    Attributes:
        training: Training rows as points, `(rows, features)`.
    """

    training: np.ndarray

    def __init__(self, codec: Codec, spec: Spec) -> None:
        self._codec, self._spec = codec, spec
        # Data without rows: the spec and the preprocessor are all that points need.
        self._form = Data("examples", spec, NO_ROWS, NO_ROWS, NO_ROWS, codec.preprocessor)

    def fit(self, data: Data, near: Examples) -> Self:
        """Learn what makes examples points, and keep some training rows as points."""
        self._points = Points().fit(data)
        self.training = self._points.of(data, near)
        return self

    def of_raw(self, raw: Any) -> np.ndarray:
        """Return raw examples as points, `(rows, features)`."""
        return self._points.of(self._form, Split(raw))

    def of_codes(self, codes: np.ndarray) -> np.ndarray:
        """Return decoded codes as points, `(rows, features)`, before any rounding to the raw type."""
        if self._spec.vocabulary:
            return self.of_raw(self._codec.inverse_transform(codes))
        return kind_of(self._spec).points(np.asarray(self._codec.decode(codes)))

    def state(self) -> dict[str, Any]:
        """Return what `fit` learned."""
        return {"points": self._points.state(), "training": self.training}

    @classmethod
    def of_state(cls, state: dict[str, Any], codec: Codec, spec: Spec) -> Self:
        """Return the space whose `state` this is."""
        space = cls(codec, spec)
        space._points, space.training = Points.of_state(state["points"]), state["training"]
        return space
