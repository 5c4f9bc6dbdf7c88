"""Networks, one a file: `(spec, latent_dim, ...)` to an encoder and a decoder."""

from kerasae import registry
from kerasae.networks._base import Network

globals().update(registry.members("network"))

__all__ = ["Network", *registry.members("network")]
