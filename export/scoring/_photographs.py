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
    odd one. So the p-value of an image is that of its oddest crop for as many crops as it has
    (`image_p_value`), and the image is flagged if this is at most the rate of false alarms. A threshold
    without a rate decides for the oddest crop itself.

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
        detector = self._scorer.facts["detector"]
        rows, block = detector["calibration_rows"], detector.get("calibration_block", 1)
        p_value = float(f"{image_p_value(answer['p_value'], crops, rows, block):.9g}")
        rate = self._scorer.false_alarms
        if rate is None:
            return {"p_value": p_value}
        self._warn_of_few(max(crops, block), rows, block, rate)
        return {"p_value": p_value, "anomalous": p_value <= rate * (1 + _ROUNDING)}

    def _warn_of_few(self, crops: int, rows: int, block: int, rate: float) -> None:
        if self._warned or crops <= rate * (rows + block) * (1 + _ROUNDING):
            return
        self._warned = True
        least = math.ceil(crops / rate * (1 - _ROUNDING)) - block
        warnings.warn(
            f"An image that counts as {crops:,} crops cannot be flagged at a rate of false alarms of "
            f"{rate:g}, as this needs {least:,} calibration crops, and the bundle has {rows:,}; allow "
            "more false alarms (--false-alarms), or calibrate with more images (`kerasae calibrate`).",
            stacklevel=2,
        )


def image_p_value(p_value: float, crops: int, rows: int, block: int = 1) -> float:
    """Return the p-value of an image by that of its oddest crop.

    With `N` calibration crops at least as odd among `n`, that of the crop is `(L + N) / (L + n)`, as the `L`
    crops of an image count as one. That of the image is `max(m, L) (1 + N) / (L + n)`, at most 1. For `L = 1`
    it is `m` times that of the crop, the correction of Bonferroni. For as many crops as a calibration image
    has, `n / L` images are compared with this one, and at most `N` of them have so odd a crop. A rate `r`
    needs `max(m, L) / r - L` calibration crops.

    Args:
        p_value: p-value of the oddest crop.
        crops: Number `m` of crops of the image.
        rows: Number `n` of calibration crops.
        block: Number `L` of crops that count as one. Defaults to 1.
    """
    as_odd = max(round(p_value * (rows + block)) - block, 0)
    return min(1.0, max(crops, block) * (1 + as_odd) / (rows + block))
