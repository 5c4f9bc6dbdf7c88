"""Preset for filling missing entries of a table."""

from typing import Any

from kerasae.kinds import kind_of
from kerasae.spec import Spec


def imputer(spec: Spec) -> dict[str, Any]:
    """An over-complete denoising model that learns to predict the missing entries of a row from the others.

    In each step half of the entries of a row are made missing, besides its own gaps, and the model predicts
    the whole row. The code is larger than a row, so the bottleneck loses nothing. The encoder also receives
    sines and cosines of each number (`network.frequencies`), with which it learns steps and kinks as a tree
    does. A bounded number of steps with a falling learning rate takes a minute or two on two cores, whatever
    the size of the table.

    The settings were chosen on three tables (titanic, taxis, insurance), with 30 % of the cells hidden
    completely at random by a seed that `python -m benchmarks imputation_tables` does not report. The mean of
    the errors, each relative to that of the mean or mode, was 0.444, 0.564 and 0.828; that of missForest
    0.447, 0.589 and 0.866, and of the default variational model 0.558, 0.638 and 0.895 (before its numbers
    were drawn towards their mean). Without the sines and cosines it was 0.460, 0.602 and 0.878 (the same).
    Tried were masking of 30, 50 and 70 %, 256 and 512 units, 4, 8 and 16 frequencies, ReLU and GELU, dropout,
    weight decay, and less weight for the entries that were not masked.

    Args:
        spec: Spec of a table, or of vectors.

    Raises:
        ValueError: If the examples are neither rows of a table nor vectors.
    """
    if spec.channels or not kind_of(spec).is_measured:
        raise ValueError(
            f"The preset 'imputer' needs a table or vectors, received {kind_of(spec).described}; leave the "
            "preset out and use --model denoising."
        )
    return {
        "model.name": "denoising",
        "model.corruption": {"name": "masking", "level": 0.5},
        "network.latent_dim": 256,
        "network.widths": [512, 512],
        "network.frequencies": 8,
        "train.steps": 3000,
        "train.batch_size": 128,
        "train.schedule": "cosine",
    }
