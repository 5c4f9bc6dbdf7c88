"""described: what a client must know of the windows of a model."""

from typing import Any

from kerasae.kinds import kind_of


def described(preprocessor: Any) -> dict[str, Any]:
    """Return steps and channels of windows as plain JSON values.

    Args:
        preprocessor: Fitted preprocessor of a series.

    Returns:
        A dict of `window`, the number of readings of each channel; `step`, the seconds between two; and
        `channels`, each with its name, its kind, and the mean and standard deviation of its readings in the
        training split, in the units of the log.
    """
    spec = preprocessor.spec
    means, stds = preprocessor.affine
    names = kind_of(spec).channel_names
    kinds = [channel.kind for channel in spec.channels] or ["number"] * len(names)
    return {
        "window": spec.shape[0],
        "step": spec.step,
        "channels": [
            {"name": name, "kind": kind, "mean": float(mean), "std": float(std)}
            for name, kind, mean, std in zip(names, kinds, means, stds, strict=True)
        ],
    }
