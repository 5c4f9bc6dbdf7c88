"""Artifacts for servers and devices, one format a file, each proved equal to the model before it leaves."""

from kerasae.export._artifact import Artifact
from kerasae.export._bundle import bundle
from kerasae.export._codec import load
from kerasae.export._device_cost import device_cost
from kerasae.export._parity import TOLERANCES, ExportError, Parity, ParityError
from kerasae.export._subject import Subject
from kerasae.export._verify import Verdict, verify

from kerasae import registry

globals().update(registry.members("export"))

__all__ = [
    "TOLERANCES",
    "Artifact",
    "ExportError",
    "Parity",
    "ParityError",
    "Subject",
    "Verdict",
    "bundle",
    "device_cost",
    "load",
    "verify",
    *registry.members("export"),
]
