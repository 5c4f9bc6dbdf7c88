"""Preset for anomaly detection on a microcontroller."""

from typing import Any

from kerasae.kinds import kind_of
from kerasae.presets.detector import detector
from kerasae.spec import Spec

#: Largest number of prototypes. The library in C holds each twice if entries may be missing, as in a table.
_PROTOTYPES = 24
#: Largest code of a window of a log.
_WINDOW_CODE = 16
#: Training of the small network for columns of numbers, as many products as that of the large one.
_TRAINING = {"train.steps": 1000, "train.learning_rate": 1e-2}


def microcontroller_detector(spec: Spec) -> dict[str, Any]:
    """The preset `detector` with a small network and few prototypes, for code on a microcontroller.

    `kerasae export --c99` of a table of ten columns takes at most 64 KB of flash and 16 KB of RAM, on a
    Cortex-M4 and on a Cortex-M0+, with the score that is the default of this preset. Layers of 64 units
    and a code of 16 numbers take the place of 128 and 64, and 24 prototypes that of 256. In a table with
    categories a code of 8 takes the place of 128: with 16 numbers the residuals may be too small for int8.

    On the 18 tables of 6 to 15 columns of `benchmarks/detector/oddbench.py`, with seed 0, this costs nothing:
    the mean AUROC is 81.2 on the even half and 75.5 on the odd half; that of `detector` is 80.2 and 75.6.
    The training was chosen on eight tables of the even half: 500 steps at a rate of 0.003, as in `detector`,
    give 76.2 there, 1,000 steps 77.5, and 1,000 steps at a rate of 0.01 79.2. From 24 to 256 prototypes
    change the mean by half a point. In single tables the small network is coarser, from 82 to 77 on
    `FireCause`.

    Windows of a log have the settings of `detector` with a code of at most 16 numbers.

    Args:
        spec: Spec of the examples. Images and texts have the settings of `detector`.
    """
    values = detector(spec)
    kind = kind_of(spec)
    if spec.channels:
        return {**values, "network.latent_dim": min(spec.size, _WINDOW_CODE)}
    if not kind.is_measured:
        return values
    numbers = not kind.is_code.any()
    values |= {"network.widths": [64, 64], "network.latent_dim": 16 if numbers else 8}
    if numbers:
        values |= _TRAINING
    if kind.anomaly_score == "evidence":
        prototypes = {"name": "prototypes", "most": _PROTOTYPES}
        values["apply.anomaly.score"] = {"name": "evidence", "scores": ["whitened", prototypes]}
    return values
