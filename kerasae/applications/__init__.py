"""What a trained autoencoder is used for, one application a file; each takes any codec."""

from kerasae import registry
from kerasae.applications._base import Application, Finding
from kerasae.applications._kept import is_kept
from kerasae.applications.pretraining.stacking import stack

globals().update(registry.members("application"))

__all__ = ["Application", "Finding", *registry.members("application"), "is_kept", "stack"]
