"""Families, one in each file. Importing them registers every class that a saved model may contain."""

import kerasae.constraints  # registers a class that a saved decoder may contain
import kerasae.optimizers  # noqa: F401  (registers the optimizer of a saved model)
from kerasae import registry
from kerasae.models._anywhere.any_size import AnySize, at_any_size, is_for_any_size
from kerasae.models._base import Autoencoder
from kerasae.models._codec.graphs import in_batches
from kerasae.models._codec.plain import without_scales
from kerasae.models._deterministic import DeterministicAutoencoder
from kerasae.models._generative import WithPosterior, WithPrior
from kerasae.models._linear import LinearWeights
from kerasae.models._loading import load_model
from kerasae.models._sizes import at_size
from kerasae.models._tiles import mapped, rebuilt, unmapped
from kerasae.models._wiring import all_layers

# They are registered when they are imported.
registry.members("preprocessing")
globals().update(registry.members("model"))

__all__ = [
    "AnySize",
    "Autoencoder",
    "DeterministicAutoencoder",
    "LinearWeights",
    "WithPosterior",
    "WithPrior",
    "all_layers",
    "at_any_size",
    "at_size",
    "in_batches",
    "is_for_any_size",
    "load_model",
    "mapped",
    "rebuilt",
    "unmapped",
    "without_scales",
    *registry.members("model"),
]
