"""contract: applies the contractive penalty of a model to a batch."""

from typing import Any

import keras

from kerasae.models._training.embedding import EmbeddingSplit
from kerasae.models._wiring import all_layers
from kerasae.penalties import Penalty


def contract(
    model: Any, split: EmbeddingSplit | None, x: Any, sample_weight: Any, seed: Any, training: bool
) -> None:
    """Apply the contractive penalty of a model to its encoder.

    Args:
        model: Autoencoder with a `contraction`.
        split: Split of its encoder after an embedding; `None` without one.
        x: Examples of a batch, `(batch, ...)`.
        sample_weight: Weights of the examples, `(batch,)`, or `None`.
        seed: Seed of the penalty, or `None`.
        training: Whether the gradient of the penalty is needed.
    """
    layers, inputs, encode = None, x, model.encode
    if split is not None:
        # A category or a token id has no Jacobian, so the penalty applies after the embedding.
        layers, inputs, encode = split.layers, split.embed(x), split.encode_from
    elif isinstance(model.encoder, keras.Sequential):
        layers = [*model.encoder.layers, *model.head_layers()]
    model.contraction(
        inputs,
        layers=layers,
        encode=encode,
        latent_dim=model.latent_dim,
        sample_weight=sample_weight,
        seed=seed,
        differentiable=training or not all(map(_adds_no_loss, all_layers(model.encoder))),
    )


def _adds_no_loss(layer: Any) -> bool:
    """Return whether a layer certainly adds no loss, which could not leave the loop of a validation."""
    known = type(layer).__module__.split(".")[0] in ("keras", "kerasae")
    return known and layer.activity_regularizer is None and not isinstance(layer, Penalty)
