"""Wiring of the built parts of an autoencoder: tied weights, constraints and checks."""

from typing import Any

import keras

from kerasae.constraints import SpectralNorm
from kerasae.layers import ColumnEmbedding, TransposedDense


def all_layers(model: Any) -> list[keras.layers.Layer]:
    """Return the layers of a model and of the models inside it, each once."""
    layers: dict[int, keras.layers.Layer] = {}
    for layer in model.layers:
        inside = all_layers(layer) if isinstance(layer, keras.Model) else []
        layers |= {id(member): member for member in (layer, *inside)}
    return list(layers.values())


def tie(model: Any) -> None:
    """Tie the tied layers of the decoder to the kernels of the encoder, in mirror order."""
    tied = [part for part in model.decoder.layers if isinstance(part, TransposedDense)]
    if not tied:
        return
    embedding = _embedding(model)
    if hasattr(embedding, "kernel"):
        # The logits are tied to the token embedding (Press and Wolf 2017, EACL). Other embeddings, of columns
        # or of readings with gaps, have no such table.
        tied[-1].tie(embedding)
        return
    chain = [*model.encoder.layers, *model.head_layers()]
    dense = [layer for layer in chain if isinstance(layer, keras.layers.Dense)]
    if len(dense) != len(tied):
        raise ValueError(
            f"Tied weights need as many dense layers in the encoder (with its head) as tied ones "
            f"in the decoder, received {len(dense)} and {len(tied)}; mirror the encoder in the decoder."
        )
    for tied_layer, dense_layer in zip(reversed(tied), dense, strict=True):
        tied_layer.tie(dense_layer)


def _embedding(model: Any) -> Any:
    """Return the layer of the encoder that embeds categories, tokens or missing readings, or `None`."""
    return next((layer for layer in model.encoder.layers if getattr(layer, "is_embedding", False)), None)


def bind_scale(model: Any) -> None:
    """Constrain the decoder, so that a small code and a steep decoder cannot escape a penalty.

    Raises:
        ValueError: If the decoder contains a normalisation, which makes the constraint useless.
    """
    escapable = [p.name for p in model.penalties() if p.escapable and p.weight > 0]
    if not escapable or getattr(model, "code_steps", None) is not None:
        # A small code would be rounded to 0.
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
        # Unbounded vectors would make the code small in their units, and tied logits steep.
        for table in embedding.trainable_variables:
            table.constraint = keras.constraints.MaxNorm(1.0, axis=1)
    elif any(isinstance(layer, TransposedDense) for layer in model.decoder.layers):
        return
    for variable in model.decoder.trainable_variables:
        if len(variable.shape) > 1 and variable.constraint is None:
            variable.constraint = SpectralNorm()


def mark_gaps(model: Any) -> None:
    """Mark missing entries in every column if a corruption makes entries missing in training."""
    embedding = _embedding(model)
    stages = [] if model.corruption is None else model.corruption.stages()
    if isinstance(embedding, ColumnEmbedding) and any(stage.makes_gaps and stage.level for stage in stages):
        embedding.mark_all()


#: Activations whose values lie in [0, 1].
_UNIT_INTERVAL = ("sigmoid", "hard_sigmoid", "softmax", "sparsemax")


def check_code_range(model: Any) -> None:
    """Refuse a penalty that treats mean activations as probabilities on a code that is not in [0, 1]."""
    penalty = model.code_penalty
    if penalty is None or not penalty.needs_unit_interval or not penalty.weight:
        return
    needed = f"The penalty {type(penalty).__name__} treats mean activations as probabilities and needs a code"
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
    """Refuse a decoder whose output does not have the shape that the loss reads."""
    loss = model.reconstruction_loss
    expected = loss.decoder_shape(x_shape)
    received = tuple(model.decoder.compute_output_shape((None, model.latent_dim))[1:])
    if expected is None:
        return
    sizes = zip(expected, received, strict=False)
    if len(expected) == len(received) and all(size in (None, actual) for size, actual in sizes):
        return
    head = loss.head()
    remedy = "" if head is None else f", or append the loss's `head()`, a {type(head).__name__}"
    raise ValueError(
        f"The loss '{loss.name}' needs a decoder whose output has the shape {expected} for an example of "
        f"shape {x_shape}, received one of shape {received}; change its last layer{remedy}."
    )


def check_contraction(model: Any) -> None:
    """Refuse a contractive penalty on an encoder in which the examples of a batch depend on each other."""
    if model.contraction is None:
        return
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in all_layers(model.encoder)):
        raise ValueError(
            "A contractive penalty needs an encoder without batch normalisation, with which "
            "the examples of a batch depend on each other; use normalization='layer' or None."
        )
