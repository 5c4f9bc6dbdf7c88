"""Preset for the inspection of surfaces and parts by images, after a training on good ones alone."""

from typing import Any

from kerasae.kinds import kind_of
from kerasae.presets.detector import detector
from kerasae.spec import Spec


def inspector(spec: Spec) -> dict[str, Any]:
    """A denoising model that removes defects from images, and a heat map of what it removed.

    In training, images are covered by rectangles of a constant, of another place or of noise, at random
    (`occlusion`), after weak Gaussian noise. The model learns to restore the good image. Its code is a map of
    eight numbers for each square of 8 x 8 pixels, so that a defect cannot be copied. The score
    (`HeatScore`) is the hottest place of a map of the whitened residual. `detect` answers the map too.

    2,000 steps take about ten minutes on two cores for images of 128 x 128 pixels.

    Args:
        spec: Spec of the examples. Examples that are no images have the settings of `detector`.
    """
    if not kind_of(spec).is_picture:
        return detector(spec)
    return {
        "model.name": "denoising",
        "model.corruption": {"name": "occlusion", "before": {"name": "gaussian", "level": 0.05}},
        "network.name": "spatial",
        "network.latent_dim": 8,
        "network.filters": [32, 48, 64],
        "network.residual_blocks": 1,
        "train.steps": 2000,
        "train.batch_size": 16,
        "train.learning_rate": 1e-3,
        "train.schedule": "cosine",
        "apply.anomaly.score": "heat",
    }
