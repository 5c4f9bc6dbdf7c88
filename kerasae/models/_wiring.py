"""What an autoencoder does with its parts once they are built: ties, bounds and refusals."""

from typing import Any

import keras

from kerasae.constraints import SpectralNorm
from kerasae.layers import ColumnEmbedding, TransposedDense


def all_layers(model: Any) -> list[keras.layers.Layer]:
    """The layers of a model and of the models inside it, each once."""
    found: dict[int, keras.layers.Layer] = {}
    for layer in model.layers:
        inside = all_layers(layer) if isinstance(layer, keras.Model) else []
        found |= {id(one): one for one in (layer, *inside)}
    return list(found.values())


def tie(model: Any) -> None:
    """Lends the encoder's kernels to the tied layers of the decoder, in mirror order."""
    borrowing = [part for part in model.decoder.layers if isinstance(part, TransposedDense)]
    if not borrowing:
        return
    embedding = _embedding(model)
    if embedding is not None:
        # Logits over a vocabulary, tied to its table (Press and Wolf 2017, EACL).
        borrowing[-1].tie(embedding)
        return
    chain = [*model.encoder.layers, *model.head_layers()]
    lending = [layer for layer in chain if isinstance(layer, keras.layers.Dense)]
    if len(lending) != len(borrowing):
        raise ValueError(
            f"Tied weights need as many dense layers in the encoder (with its head) as tied ones "
            f"in the decoder, received {len(lending)} and {len(borrowing)}."
        )
    for mine, other in zip(reversed(borrowing), lending, strict=True):
        mine.tie(other)


def _embedding(model: Any) -> Any:
    """The layer of the encoder that embeds codes or tokens, or `None`."""
    return next((layer for layer in model.encoder.layers if getattr(layer, "is_embedding", False)), None)


def bind_scale(model: Any) -> None:
    """Keeps a penalty from being escaped by a small code and a steep decoder."""
    escapable = [p.name for p in model.penalties() if p.escapable and p.weight > 0]
    if not escapable:
        return
    layers = all_layers(model.decoder)
    normalised = (
        keras.layers.BatchNormalization,
        keras.layers.LayerNormalization,
        keras.layers.GroupNormalization,
        keras.layers.UnitNormalization,
    )
    if any(isinstance(layer, normalised) for layer in layers):
        raise ValueError(
            f"The penalty '{escapable[0]}' needs a decoder without normalisation, which undoes "
            "any scale of the code and lets the penalty vanish; use normalization=None."
        )
    embedding = _embedding(model)
    if embedding is not None:
        # Vectors without bound would make the code small in their units, and tied logits steep.
        for table in embedding.trainable_variables:
            table.constraint = keras.constraints.MaxNorm(1.0, axis=1)
    elif any(isinstance(layer, TransposedDense) for layer in model.decoder.layers):
        return
    for variable in model.decoder.trainable_variables:
        if len(variable.shape) > 1 and variable.constraint is None:
            variable.constraint = SpectralNorm()


def mark_gaps(model: Any) -> None:
    """Lets a network that trains with gaps of a corruption's making see them in every column."""
    embedding = _embedding(model)
    stages = [] if model.corruption is None else model.corruption.stages()
    if isinstance(embedding, ColumnEmbedding) and any(one.makes_gaps and one.level for one in stages):
        embedding.mark_all()


#: Activations whose values lie in [0, 1].
_UNIT_INTERVAL = ("sigmoid", "hard_sigmoid", "softmax", "sparsemax")


def check_code_range(model: Any) -> None:
    """Refuses a penalty that compares mean activations as probabilities on a code beyond [0, 1]."""
    penalty = model.code_penalty
    if penalty is None or not penalty.needs_unit_interval or not penalty.weight:
        return
    needed = (
        f"The penalty {type(penalty).__name__} compares mean activations as probabilities and needs a code"
    )
    if model.code_activation is None:
        raise ValueError(
            f"{needed} in [0, 1], received that of a {type(model).__name__}, which has no bounds; use the "
            "penalty l1, or another family."
        )
    if model.code_activation not in _UNIT_INTERVAL:
        raise ValueError(
            f"{needed} in [0, 1]: `code_activation` of {', '.join(_UNIT_INTERVAL)}, received "
            f"{model.code_activation!r}."
        )


def check_decoder(model: Any, x_shape: tuple[int, ...]) -> None:
    """Refuses a decoder that does not give the numbers that the loss reads."""
    loss = model.reconstruction_loss
    expected = loss.decoder_shape(x_shape)
    received = tuple(model.decoder.compute_output_shape((None, model.latent_dim))[1:])
    if expected is None:
        return
    sizes = zip(expected, received, strict=False)
    if len(expected) == len(received) and all(one in (None, other) for one, other in sizes):
        return
    head = loss.head()
    remedy = "" if head is None else f", or put the loss's `head()`, a {type(head).__name__}, behind it"
    raise ValueError(
        f"The loss '{loss.name}' needs a decoder whose output has the shape {expected} for an example of "
        f"shape {x_shape}, received one of shape {received}; change its last layer{remedy}."
    )


def check_contraction(model: Any) -> None:
    """Refuses an encoder whose examples have no Jacobian of their own."""
    if model.contraction is None:
        return
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in all_layers(model.encoder)):
        raise ValueError(
            "A contractive penalty needs an encoder without batch normalisation, under which "
            "an example has no Jacobian of its own; use normalization='layer' or None."
        )
