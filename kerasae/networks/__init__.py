"""Networks, one in each file: functions that build an encoder and a decoder for a spec."""

from kerasae import registry
from kerasae.networks._base import Network

globals().update(registry.members("network"))

__all__ = ["Network", *registry.members("network")]
