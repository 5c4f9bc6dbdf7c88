"""Score: base class of the anomaly scores."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from keras import ops

from kerasae.keras_classes import Layer

#: Function that returns the accounts of examples, batch by batch. Each is a dict of `code`,
#: `(rows, latent_dim)`, of `x` and `residual`, `(rows, features)`; of `nll`, `(rows, features)`, if the codec
#: has a likelihood; and of `missing`, `(rows, features)`, for a table.
Accounts = Callable[[], Iterable[Mapping[str, np.ndarray]]]


class Score(Layer):
    """Anomaly score of an example, higher for a more abnormal one, and the contribution of each feature.

    A score is a layer of plain operations and is saved with its weights, so that an artifact can contain it.
    A subclass implements `features`. If its score is not the sum over the features, it implements `call` too.

    Call arguments:
        inputs: Dict of `code`, `(batch, latent_dim)`, of `x`, `residual` and `nll`, each `(batch, features)`,
            and for a table of `missing`, which is 1 for a missing entry and 0 otherwise. `x` are the entries
            as the network sees them, with 0 for a missing one.

    Returns:
        The score, `(batch,)`.
    """

    #: Whether an exported graph can contain the score.
    in_graph: ClassVar[bool] = True
    #: Unit of the score; `None` for that of the model's loss.
    unit: ClassVar[str | None] = None
    #: Whether the score is never negative.
    positive: ClassVar[bool] = True
    #: Keys of the account that the score reads.
    needs: ClassVar[tuple[str, ...]] = ("residual",)

    #: Whether the score has `heat_of_image`, a heat map of an image of any size.
    any_size: ClassVar[bool] = False

    #: Number of successive training rows that share numbers, which whoever adapts the score may set. It is
    #: above 1 for overlapping windows.
    block: int = 1

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)

    def suit(self, preprocessor: Any) -> None:
        """Take note of the columns of a table before `adapt`.

        Args:
            preprocessor: Fitted preprocessor of the codec; `None` if raw examples are `x`.
        """

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        """Fit the score to the training rows.

        Args:
            accounts: Function that returns the accounts of the training rows in batches. It may be called
                several times.
            least: Smallest standard deviations of the residual, `(features,)`; smaller ones are replaced by
                them. Defaults to `None`.

        Returns:
            The fitted score itself.
        """
        self.build_for(next(iter(accounts())))
        return self

    def adapt_to_new(self, accounts: Accounts) -> Self:
        """Fit what depends on the scores of new rows, which are higher than those of training rows.

        It comes after `adapt`, and is left out if there are no such rows. By default there is nothing to fit.

        Args:
            accounts: Function that returns the accounts of normal rows in batches, at least one. They are
                rows that the weights have not seen, and that do not set the threshold: the validation split.

        Returns:
            The fitted score itself.
        """
        return self

    @property
    def reads_new_rows(self) -> bool:
        """Whether `adapt_to_new` fits anything."""
        return type(self).adapt_to_new is not Score.adapt_to_new

    def build_for(self, account: Mapping[str, Any]) -> None:
        """Create the weights for examples of these shapes."""
        if not self.built:
            self.build({key: (None, *value.shape[1:]) for key, value in account.items()})

    def taken(self, account: Mapping[str, Any]) -> dict[str, Any]:
        """Return the entries of an account that this score reads."""
        return {key: account[key] for key in (*self.needs, "missing") if key in account}

    def on_training_rows(self, inputs: Mapping[str, Any]) -> Any:
        """Score rows of the training set, `(rows,)`, as if they had not been used for the fit."""
        return self(inputs)

    def features(self, inputs: Mapping[str, Any]) -> Any:
        """Return the contribution of each feature to the score, `(batch, features)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `features`.")

    def broken(self, inputs: Mapping[str, Any], number: np.ndarray) -> np.ndarray | None:
        """Return the rules of the training rows that entries break.

        Args:
            inputs: As for a call, as NumPy arrays.
            number: Numbers of the features, `(rows, reasons)`.

        Returns:
            A `Rule` of `kerasae.scores.support` for each entry, or `None`, `(rows, reasons)`. By default a
            score knows no rules, and returns `None`.
        """
        return None

    def maps(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the score knows of each place of an example, by name, such as a heat map of an image.

        `detect` of an artifact answers it too. By default there is nothing.
        """
        return {}

    def heat_of_image(self, residual: np.ndarray) -> np.ndarray:
        """Return the heat of an image of any size, `(height, width)`, whose greatest value is its score.

        Args:
            residual: Residual of the image, `(height, width, channels)`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no heat of images of any size.")

    def call(self, inputs: Mapping[str, Any]) -> Any:
        return ops.sum(self.features(inputs), axis=-1)

    def build(self, input_shape: Any) -> None:
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (None,)
