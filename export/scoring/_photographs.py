"""Photographs: images of any size, each answered by the oddest of the crops that cover it."""

import math
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from kerasae.export.scoring._crops import covering, cut
from kerasae.export.scoring.scorer import Scorer

#: Relative error of a p-value in float32.
_ROUNDING = 1e-6


class _Judged(NamedTuple):
    """A crop with what the file answers for it.

    Attributes:
        score: Score of the crop.
        place: Row and column of its first pixel.
        raw: Raw crops, of which it is one.
        row: Its number among them.
        outputs: Outputs of the signature for it.
    """

    score: float
    place: np.ndarray
    raw: np.ndarray
    row: int
    outputs: dict[str, np.ndarray]


class Photographs:
    """Images of any size, each answered by the oddest of the crops that cover it. No image is resized.

    The calibration of a file is that of single crops, and an image of many crops is more likely to have an
    odd one. So the p-value of an image of `m` crops is `min(1, m p)`, with the p-value `p` of its oddest crop
    (Bonferroni), and the image is flagged if this is at most the rate of false alarms. Then at most this
    share of new normal images is flagged, however the crops of an image depend on each other. A rate `r`
    needs `m / r - 1` calibration crops. A threshold without a rate decides for the oddest crop itself.

    Args:
        scorer: File that was trained on crops.
    """

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._warned = False

    def answer(self, image: np.ndarray) -> dict[str, Any]:
        """Return the answer for an image, as plain JSON values.

        Args:
            image: Raw image of any size, `(height, width, channels)`.

        Returns:
            The answer of `Scorer.answers` for the oddest crop, with `p_value` and `anomalous` for the image;
            `crops`, the number of crops; and `crop_row` and `crop_column`, the first pixel of the oddest one.
            The pixels of `reasons` count from there. An image of the size of a crop is one crop.

        Warns:
            UserWarning: Once, if an image has too many crops for the calibration, so that it cannot be
                flagged.
        """
        corners = covering(image.shape, self._scorer.spec.shape)
        oddest = max(self._judged(image, corners), key=lambda crop: crop.score)
        answer = self._scorer.answer(oddest.raw, oddest.row, oddest.outputs)
        row, column = oddest.place.tolist()
        found = {"crops": len(corners), "crop_row": row, "crop_column": column}
        reasons = {key: answer.pop(key) for key in ("reasons",) if key in answer}
        return {**answer, **self._decided(answer, len(corners)), **found, **reasons}

    def _judged(self, image: np.ndarray, corners: np.ndarray) -> Iterator[_Judged]:
        """Give the crops of an image with their outputs."""
        places = iter(corners)
        for raw in cut(image, corners, self._scorer.spec.shape):
            for row, outputs in enumerate(self._scorer.raw_answers(raw)):
                yield _Judged(float(outputs["score"][0]), next(places), raw, row, outputs)

    def _decided(self, answer: dict[str, Any], crops: int) -> dict[str, Any]:
        """Return p-value and decision of an image by those of its oddest crop."""
        if crops == 1 or "p_value" not in answer:
            return {}
        p_value = float(f"{min(1.0, crops * answer['p_value']):.9g}")
        rate = self._scorer.false_alarms
        if rate is None:
            return {"p_value": p_value}
        self._warn_of_few(crops, rate)
        return {"p_value": p_value, "anomalous": p_value <= rate * (1 + _ROUNDING)}

    def _warn_of_few(self, crops: int, rate: float) -> None:
        rows = self._scorer.facts["detector"]["calibration_rows"]
        if self._warned or crops <= rate * (rows + 1) * (1 + _ROUNDING):
            return
        self._warned = True
        warnings.warn(
            f"An image of {crops:,} crops cannot be flagged at a rate of false alarms of {rate:g}, as this "
            f"needs {math.ceil(crops / rate * (1 - _ROUNDING)) - 1:,} calibration crops, and the bundle has "
            f"{rows:,}; allow more false alarms (--false-alarms), or calibrate with more images "
            "(`kerasae calibrate`).",
            stacklevel=2,
        )
