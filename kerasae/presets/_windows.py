"""Settings of the presets for anomaly detection in windows of a log."""

from typing import Any

from kerasae.spec import Spec

#: Largest size of the code. The strong noise leaves nothing of more directions.
_MOST = 128
#: Largest number of readings in a window for which a closed form is quicker than a gradient.
_WIDEST = 1024


def windows(spec: Spec) -> dict[str, Any]:
    """A linear denoising model with strong noise, and a score by channel that is fitted across folds.

    The noise is stronger than the readings: two standard deviations for each reading, and two for the level
    of each channel. Such a model keeps only what the channels have in common, and a fault in one of them
    stays in its own residual. A network with saturated units turns a drift beyond the training range into a
    residual of all channels, so this one is linear. The level of a channel is hardly believed, as it wanders
    in most logs.

    Up to 1,024 readings in a window, the weights are computed in closed form (`train.solver`). They do not
    depend on a seed, and training again for a fold takes a second or less. Wider windows, another network
    and another family are trained for 500 steps.

    The score compares mean and variance of each channel's residual over the window with those on rows that
    did not train (`ChannelMomentsScore`). A log has few independent windows, so the training rows are divided
    into ten folds in time, and the training is repeated for each (`cross_fit`). The validation rows train
    too. The threshold is the greatest score of all these rows, or 1 if that is higher. An alarm ends below
    half of it.

    `benchmarks/series/README.md` says how these numbers were chosen, on which logs, and what else was tried.

    Args:
        spec: Spec of windows of a series.
    """
    noise = {"name": "gaussian", "level": 2.0}
    return {
        "model.name": "denoising",
        "model.corruption": {"name": "shift", "level": 2.0, "before": noise},
        "network.name": "dense",
        "network.depth": 0,
        "network.latent_dim": min(spec.size, _MOST),
        "train.solver": "closed_form" if spec.size <= _WIDEST else "gradient",
        # Without a closed form.
        "train.steps": 500,
        "train.batch_size": 512,
        "train.learning_rate": 1e-2,
        "train.schedule": "cosine",
        "train.hold_out": False,
        "apply.anomaly.score": "channel_moments",
        "apply.anomaly.threshold": {"name": "greatest", "least": 1.0},
        "apply.anomaly.cross_fit": 10,
        "apply.anomaly.alarm": {"release": 0.5},
    }
