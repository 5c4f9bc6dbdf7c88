"""Attribute: the direction in the code that makes rows with a label differ from all others."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from kerasae.data import Examples
from kerasae.kinds import take

#: Largest strength at which an attribute is shown, and number of strengths.
_STRONGEST, _STRENGTHS = 1.5, 7
#: Number of labels that a message names.
_NAMED = 20


@dataclasses.dataclass(frozen=True)
class Attribute:
    """Mean code of the rows with a label, minus the mean code of all other rows.

    Args:
        label: Label, as a text.
        direction: Difference of the means, float32, `(latent_dim,)`.
        near: Whether a training row that is a point has the label, `(points,)`, bool.

    Reference: Larsen et al. 2016, ICML.
    """

    label: str
    direction: np.ndarray
    near: np.ndarray

    @classmethod
    def of(
        cls,
        label: str | int,
        codes: np.ndarray,
        labels: Sequence[np.ndarray | None],
        near: np.ndarray | None,
    ) -> Self:
        """Return the attribute of a label.

        Args:
            label: Label.
            codes: Codes of rows, `(rows, latent_dim)`.
            labels: Labels of the same rows, part by part.
            near: Labels of the training rows that are points.

        Raises:
            ValueError: If the rows have no labels, or none or all of them have this one.
        """
        known = [part for part in labels if part is not None]
        if len(known) < len(labels) or near is None:
            raise ValueError(
                f"`attribute` needs labels in the training data, received {label!r} and no labels."
            )
        texts = np.concatenate(known).astype(str)
        chosen = texts == str(label)
        if not chosen.any() or chosen.all():
            kinds = np.unique(texts)
            shown = ", ".join(kinds[:_NAMED]) + (", ..." if len(kinds) > _NAMED else "")
            raise ValueError(f"`attribute` must be one of the labels {shown}, received {label!r}.")
        direction = codes[chosen].mean(axis=0) - codes[~chosen].mean(axis=0)
        return cls(str(label), direction, near.astype(str) == str(label))

    def added(self, codes: np.ndarray, strength: float) -> np.ndarray:
        """Return codes, `(rows, latent_dim)`, with the direction added so many times."""
        return codes + np.float32(strength) * self.direction

    def grown(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return codes with the direction added 0 to 1.5 times, row by row, and the strengths."""
        strengths = np.linspace(0.0, _STRONGEST, _STRENGTHS)
        moved = np.stack([codes + strength * self.direction for strength in strengths], axis=1)
        return np.asarray(moved.reshape(-1, moved.shape[-1]), "float32"), strengths

    def state(self) -> dict[str, Any]:
        """Return the label, the direction, and which training rows have the label."""
        return {"label": self.label, "direction": self.direction, "near": self.near}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the attribute whose `state` this is."""
        return cls(**state)


def rows_without(examples: Examples, label: str) -> Any:
    """Return the raw examples without a label, or all of them if none is known to be without it."""
    raw = examples.examples
    if examples.labels is None:
        return raw
    without = np.flatnonzero(examples.labels.astype(str) != label)
    return take(raw, without) if len(without) else raw
