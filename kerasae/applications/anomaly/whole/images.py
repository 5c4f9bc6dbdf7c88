"""WholeImages: scores, heat maps and a threshold of images of any size."""

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from kerasae.applications._any_size import seen_and_remade
from kerasae.applications.anomaly._labels import only_normal
from kerasae.applications.anomaly._thresholds import threshold_of
from kerasae.data import has_label
from kerasae.kinds import kind_of
from kerasae.spec import Spec
from kerasae.thresholds import Threshold
from kerasae.thresholds.conformal import conformal_p_values

if TYPE_CHECKING:
    from kerasae.applications.anomaly.estimator import AnomalyDetector


class Seen(NamedTuple):
    """An image as a detector sees it.

    Attributes:
        x: Image as the network sees it, `(height, width, channels)`, float32.
        rebuilt: Its reconstruction, of the same shape.
        heat: Heat of its pixels, `(height, width)`.
    """

    x: np.ndarray
    rebuilt: np.ndarray
    heat: np.ndarray


class WholeImages:
    """Judge of images of any size, each as a whole.

    The reconstruction is that of the whole image: in tiles that fit together for a model whose code is a map,
    in squares for any other codec. The score of an image is the hottest place of its heat map. The threshold
    is fitted on the scores of whole calibration images, as a large image is more likely to have a hot place
    than a crop.

    Args:
        detector: Detector whose score is fitted and has a heat map of images of any size.

    Attributes:
        held_out_: Scores of the calibration images, `(images,)`.
        labels_: Whether each of them is an anomaly, `(images,)`; `None` unless the threshold is fitted on
            labels.
        fitted_: Fitted threshold.
    """

    held_out_: np.ndarray
    labels_: np.ndarray | None
    fitted_: Threshold

    def __init__(self, detector: "AnomalyDetector") -> None:
        self._detector = detector

    @staticmethod
    def suits(detector: "AnomalyDetector", spec: Spec, split: Any) -> bool:
        """Return whether the score judges images of any size, and the rows of a split are crops of images."""
        return hasattr(split, "whole") and kind_of(spec).is_picture and detector.detector_.score.any_size

    def fit(self, split: Any) -> Self:
        """Fit the threshold on the images of the calibration split.

        Args:
            split: Crops of the calibration images.
        """
        supervised, labels = self._threshold().supervised, None
        images = only_normal(split.whole(), None if supervised else self._detector.normal)
        if supervised and images.labels is not None:
            images = images.rows(np.flatnonzero(has_label(images.labels)))
            labels = self._detector.anomalous_labels(np.asarray(images.labels))
        return self.calibrate(self.scores(images), labels)

    def calibrate(self, scores: np.ndarray, labels: np.ndarray | None) -> Self:
        """Fit the threshold on scores, `(images,)`, and on labels, if it is fitted on them."""
        self.held_out_, self.labels_ = scores, labels
        self.fitted_ = self._threshold().fit(scores, labels)
        return self

    def _threshold(self) -> Threshold:
        """Return the threshold of the detector, before `fit`."""
        detector = self._detector
        return threshold_of(detector.threshold, detector.false_alarms, detector.spec_)

    def state(self) -> dict[str, Any]:
        """Return what `calibrate` takes, to store it."""
        return {"whole_scores": self.held_out_, "whole_labels": self.labels_}

    def see(self, image: np.ndarray) -> Seen:
        """Return an image as the detector sees it.

        Args:
            image: Raw image of any size, `(height, width, channels)`.
        """
        x, rebuilt = seen_and_remade(self._detector.codec, image, self._detector.spec_)
        return Seen(x, rebuilt, self._detector.detector_.score.heat_of_image(x - rebuilt))

    def heat(self, image: np.ndarray) -> np.ndarray:
        """Return the heat of a raw image of any size, `(height, width)`; the greatest value is its score."""
        return self.see(image).heat

    def scores(self, images: Any) -> np.ndarray:
        """Return the score of each image of a split of whole images, `(images,)`, float64."""
        return np.array([self.heat(image).max() for part in images.chunks() for image in part], "float64")

    def p_values_of(self, scores: np.ndarray) -> np.ndarray:
        """Return the conformal p-values of scores against the normal calibration images, `(images,)`."""
        usual = self.held_out_ if self.labels_ is None else self.held_out_[~self.labels_]
        return conformal_p_values(usual, scores)
