"""The detector for training rows with anomalies among them."""

from typing import Any

from kerasae.spec import Spec


def contaminated_detector(spec: Spec) -> dict[str, Any]:
    """A model with a tight code and a trimmed loss, for anomaly detection among the rows it is trained on.

    An over-complete model memorises the anomalies that it is shown. Here the code holds a quarter of
    the numbers of a row, and a tenth of each batch, the rows rebuilt worst, teaches nothing.

    Args:
        spec: of the examples.
    """
    found: dict[str, Any] = {
        "model.name": "undercomplete",
        "model.trim": 0.1,
        "network.latent_dim": max(1, min(round(spec.size / 4), 64)),
        "train.steps": 1500,
        "train.batch_size": 256,
        "train.schedule": "cosine",
    }
    if spec.kind in ("table", "vector"):
        return {**found, "network.widths": [64], "network.activation": "tanh"}
    return found
