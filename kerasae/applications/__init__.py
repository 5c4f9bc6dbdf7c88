"""What a trained autoencoder is used for, one application a file; each takes any codec.

Names are imported when they are used: a training needs none of them.
"""

from kerasae import registry

_HOMES = {
    "Application": "kerasae.applications._base",
    "Finding": "kerasae.applications._base",
    "is_kept": "kerasae.applications._kept",
    "stack": "kerasae.applications.pretraining.stacking",
}
__getattr__ = registry.when_used("application", _HOMES)
