"""The negative log-likelihood as an anomaly score."""

from collections.abc import Mapping
from typing import Any, ClassVar

import keras

from kerasae.scores._base import Score


@keras.saving.register_keras_serializable(package="kerasae")
class LikelihoodScore(Score):
    """`-sum_j log p(x_j | z)` at the code `z` of the example, in the unit of the model's loss.

    The score needs a codec with a reconstruction loss, which PCA does not have.
    """

    positive: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("nll",)

    def features(self, inputs: Mapping[str, Any]) -> Any:
        return inputs["nll"]
