"""contract: applies the contractive penalty of a model to a batch."""

from typing import Any

import keras

from kerasae.models._training.embedding import EmbeddingSplit


def contract(model: Any, split: EmbeddingSplit | None, x: Any, sample_weight: Any, seed: Any) -> None:
    """Apply the contractive penalty of a model to its encoder.

    Args:
        model: Autoencoder with a `contraction`.
        split: Split of its encoder after an embedding; `None` without one.
        x: Examples of a batch, `(batch, ...)`.
        sample_weight: Weights of the examples, `(batch,)`, or `None`.
        seed: Seed of the penalty, or `None`.
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
    )
