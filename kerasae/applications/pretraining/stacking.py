"""stack: layer-by-layer pretraining of a deep dense autoencoder."""

from typing import Any

import keras
import numpy as np

from kerasae.data import Data, Split
from kerasae.models import Autoencoder, DeterministicAutoencoder
from kerasae.registry import resolve
from kerasae.seeds import seeded
from kerasae.spec import Spec
from kerasae.training import train


def stack(
    model: Autoencoder,
    data: Data,
    *,
    epochs: int = 20,
    level: float = 0.25,
    seed: int = 0,
    **settings: Any,
) -> list[Autoencoder]:
    """Pretrain the layers of a dense autoencoder one at a time, from the input to the code.

    Each layer is the code of a separate shallow denoising autoencoder, trained on the features of the layers
    before it. The decoder of that autoencoder becomes the opposite layer. The weights are written into the
    model, which is then fine-tuned as a whole by `kerasae.train`. Dropout of the model is not used; the noise
    takes its place. The features of all rows are held in memory.

    Args:
        model: Built model with the network `dense`, without normalisation; its weights are replaced.
        data: Data with the preprocessor of the model; labels are not used.
        epochs: Largest number of epochs for each layer.
        level: Share of the inputs of a layer that are masked, in [0, 1]; 0 for none.
        seed: Seed of new weights and of the order of the examples.
        **settings: Arguments of `kerasae.train`, for each layer.

    Returns:
        The shallow autoencoders, in order.

    Raises:
        ValueError: If the model has other layers.

    Example:
        >>> from kerasae.applications import stack
        >>> layers = stack(model, data, epochs=10)
        >>> history = kerasae.train(model, data, epochs=50)

    Reference: Bengio, Lamblin, Popovici, Larochelle 2007, NeurIPS; Vincent et al. 2010, JMLR 11.
    """
    encoding, decoding = _layers(model)
    features = {split: data.x(split).reshape(len(data.split(split)), -1) for split in ("train", "validation")}
    stages: list[Autoencoder] = []
    for number, (above, below) in enumerate(zip(encoding, reversed(decoding), strict=True)):
        # The first one reconstructs the input, with the loss of the model; the others reconstruct features.
        loss = model.reconstruction_loss if number == 0 else None
        stage = _shallow(above, below, loss, level, seed + number)
        train(stage, _as_data(features), epochs=epochs, seed=seed, **settings)
        above.set_weights(stage.to_code.get_weights())
        below.set_weights(stage.decoder.layers[-1].get_weights())
        features = {split: stage.transform(rows) for split, rows in features.items()}
        stages.append(stage)
    return stages


def _layers(model: Autoencoder) -> tuple[list[keras.layers.Dense], list[Any]]:
    """Return the dense layers of the encoder with its head, and those of the decoder."""
    passive = (keras.layers.InputLayer, keras.layers.Flatten, keras.layers.Reshape, keras.layers.Dropout)
    sides = []
    for layers in ([*model.encoder.layers, *model.head_layers()], model.decoder.layers):
        acting = [layer for layer in layers if not isinstance(layer, passive)]
        # A tied layer of the decoder is dense too.
        odd = [one for one in acting if not isinstance(one, keras.layers.Dense) and not hasattr(one, "tie")]
        if odd or not isinstance(model, DeterministicAutoencoder):
            raise ValueError(
                "`model` must be of a deterministic family and the network 'dense' without normalisation, "
                f"received a {type(model).__name__}{f' with a {type(odd[0]).__name__}' if odd else ''}."
            )
        sides.append(acting)
    encoding, decoding = sides
    widths = [model.spec.size, *(layer.units for layer in encoding)]
    if [layer.units for layer in decoding] != widths[:-1][::-1]:
        raise ValueError(
            "`model` must have a decoder that mirrors its encoder, with one number per feature, received "
            f"widths {widths[1:]} and {[layer.units for layer in decoding]}."
        )
    return encoding, decoding


def _shallow(above: keras.layers.Dense, below: Any, loss: Any, level: float, seed: int) -> Any:
    """Return an autoencoder of one layer and its mirror image, with the activations of two given layers."""
    with seeded(seed):
        width = below.units
        mirror = type(below).from_config(below.get_config())
        member: Any = resolve("model", "denoising" if level else "undercomplete")
        noise = {"corruption": {"name": "masking", "level": level}} if level else {}
        stage = member(
            keras.Sequential([keras.Input((width,)), keras.layers.Flatten()]),
            keras.Sequential([keras.Input((above.units,)), mirror]),
            code_activation=keras.activations.serialize(above.activation),
            reconstruction_loss=None if loss is None else type(loss).from_config(loss.get_config()),
            **noise,
        )
        stage.build((None, width))
        return stage


def _as_data(features: dict[str, np.ndarray]) -> Data:
    train_rows, validation = features["train"], features["validation"]
    spec = Spec("vector", train_rows.shape[1:])
    return Data("features", spec, Split(train_rows), Split(validation), Split(validation[:0]))
