"""Export: a model as artifacts for servers and devices, each of which is compared with the model."""

from kerasae.export.artifact import Artifact
from kerasae.export.bundles.bundle import bundle
from kerasae.export.bundles.verify import Verdict, verify
from kerasae.export.cost import device_cost
from kerasae.export.formats import Format
from kerasae.export.opening import load
from kerasae.export.parity import TOLERANCES, ExportError, Parity, ParityError
from kerasae.export.subject import Subject

from kerasae import registry

globals().update(registry.members("export"))

__all__ = [
    "TOLERANCES",
    "Artifact",
    "ExportError",
    "Format",
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
