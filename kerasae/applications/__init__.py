"""What a trained autoencoder is used for, one application a file; each takes any codec."""

from kerasae import registry
from kerasae.applications._base import Application, Finding
from kerasae.applications._outcome import Outcome
from kerasae.applications._run import apply
from kerasae.applications.pretraining.stacking import stack

globals().update(registry.members("application"))

__all__ = ["Application", "Finding", "Outcome", "apply", *registry.members("application"), "stack"]
