"""The negative log-likelihood as an anomaly score."""

from collections.abc import Mapping
from typing import Any, ClassVar

import keras

from kerasae.scores._base import Score


@keras.saving.register_keras_serializable(package="kerasae")
class LikelihoodScore(Score):
    """`-sum_j log p(x_j | z)` at the code of the example, in the unit of the model's loss.

    Needs a codec with a reconstruction loss; PCA has none.
    """

    positive: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("nll",)

    def features(self, inputs: Mapping[str, Any]) -> Any:
        return inputs["nll"]
