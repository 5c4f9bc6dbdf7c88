"""Score: how odd an example is, from how a codec explains it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops

#: How examples are explained, part by part: `code` `(rows, latent_dim)`, `residual` `(rows, features)`,
#: where the codec has a likelihood `nll` `(rows, features)`, and of tables `missing` `(rows, features)`.
Accounts = Callable[[], Iterable[Mapping[str, np.ndarray]]]


class Score(keras.layers.Layer):
    """A number for each example, higher for odder ones, and how much each feature adds to it.

    A layer of plain operations, saved with its weights, so that an artifact can carry it. A subclass
    writes `features` or, where its score is no sum over features, `call` too.

    Call arguments:
        inputs: a dict of `code` `(batch, latent_dim)`, `residual` and `nll` `(batch, features)`, and of
            tables `missing`, 1 for a missing entry and 0 elsewhere.

    Returns:
        The score, `(batch,)`.
    """

    #: Whether an exported graph can carry it.
    in_graph: ClassVar[bool] = True
    #: What a score is a number of; that of the model's loss if `None`.
    unit: ClassVar[str | None] = None
    #: Whether it is never negative.
    positive: ClassVar[bool] = True
    #: What it needs of an example's account.
    needs: ClassVar[tuple[str, ...]] = ("residual",)

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        """Learns from the training rows; returns itself.

        Args:
            accounts: reads them part by part, as often as it is called.
            least: deviations of the residual, `(features,)`, below which a smaller one counts for no more.
        """
        self.build_for(next(iter(accounts())))
        return self

    def build_for(self, account: Mapping[str, Any]) -> None:
        """Makes the weights for examples like these."""
        if not self.built:
            self.build({key: (None, *value.shape[1:]) for key, value in account.items()})

    def taken(self, account: Mapping[str, Any]) -> dict[str, Any]:
        """The entries of an account that this score reads."""
        return {key: account[key] for key in (*self.needs, "missing") if key in account}

    def on_training_rows(self, inputs: Mapping[str, Any]) -> Any:
        """Scores `(rows,)` of rows that it was adapted to, as they would be of others like them."""
        return self(inputs)

    def features(self, inputs: Mapping[str, Any]) -> Any:
        """What each feature adds to the score, `(batch, features)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `features`.")

    def call(self, inputs: Mapping[str, Any]) -> Any:
        return ops.sum(self.features(inputs), axis=-1)

    def build(self, input_shape: Any) -> None:
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (None,)
