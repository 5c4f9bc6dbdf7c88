"""History: the record of a training."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class History:
    """Record of a training.

    Attributes:
        epochs: Terms of the loss in each epoch, one dict per epoch. Keys of the validation split begin with
            `val_`.
        seconds: Wall time of the training, in seconds.
        best_epoch: Epoch whose weights the model has, counted from 1.
        reductions: Epochs after which the learning rate was reduced, counted from 1.
    """

    epochs: list[dict[str, float]]
    seconds: float
    best_epoch: int
    reductions: tuple[int, ...] = ()
