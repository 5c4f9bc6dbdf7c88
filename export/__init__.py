"""Export: a model as artifacts for servers and devices, each of which is compared with the model.

Names are loaded when they are first used: what runs an artifact on a device needs no TensorFlow.
"""

from kerasae import registry

_HOMES = {
    "Artifact": "kerasae.export.artifact",
    "Calibrated": "kerasae.export.bundles.calibrate",
    "ExportError": "kerasae.export.parity",
    "Format": "kerasae.export.formats",
    "Parity": "kerasae.export.parity",
    "ParityError": "kerasae.export.parity",
    "Stream": "kerasae.export.scoring",
    "Subject": "kerasae.export.subject",
    "TOLERANCES": "kerasae.export.parity",
    "Verdict": "kerasae.export.bundles.verify",
    "bundle": "kerasae.export.bundles.bundle",
    "calibrate_bundle": "kerasae.export.bundles.calibrate",
    "device_cost": "kerasae.export.cost",
    "check_rows": "kerasae.export.decision",
    "load": "kerasae.export.opening",
    "verify": "kerasae.export.bundles.verify",
}

__getattr__ = registry.when_used("export", _HOMES)
