"""Networks, one a file: `(spec, latent_dim, ...)` to an encoder and a decoder."""

from kerasae import registry
from kerasae.networks._base import Network
from kerasae.spec import Spec

globals().update(registry.members("network"))

__all__ = ["Network", "default", *registry.members("network")]


def default(spec: Spec) -> str:
    """The network that suits a kind: images above 32 x 32 are convolved."""
    if spec.kind in registry.names("network"):
        return spec.kind
    large = spec.kind == "image" and spec.shape[0] * spec.shape[1] > 32 * 32
    return "conv" if large else "dense"
