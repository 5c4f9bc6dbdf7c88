"""EpochProgress: callback that tells how many epochs of a training are done."""

from typing import Any

from kerasae.keras_classes import Callback
from kerasae.progress import Work


class EpochProgress(Callback):
    """Callback that tells after each epoch how many are done, and the validation loss.

    Args:
        training: Work whose steps are the epochs.
    """

    def __init__(self, training: Work) -> None:
        super().__init__()
        self.training = training

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        terms = logs or {}
        name = "validation loss" if "val_loss" in terms else "loss"
        value = float(terms.get("val_loss", terms.get("loss", float("nan"))))
        self.training.reached(epoch + 1, f"epoch {epoch + 1}, {name} {value:.4g}")
