"""Trackers of experiments: each is one file or one package, named after its tool.

A tracker keeps many runs beside each other: their parameters, curves, figures and files. Names are loaded
when they are first used: a served model needs no TensorFlow.
"""

from kerasae import registry

_HOMES = {
    "Record": "kerasae.trackers._record",
    "RunLog": "kerasae.trackers._run_log",
    "Tracked": "kerasae.trackers._base",
    "Tracker": "kerasae.trackers._base",
    "TrackingError": "kerasae.trackers._base",
    "check_trackers": "kerasae.trackers._choice",
    "held_out_figures": "kerasae.trackers._record",
    "log_together": "kerasae.trackers._record",
    "trackers_of": "kerasae.trackers._choice",
    "used_in": "kerasae.trackers._run_log",
}

__getattr__ = registry.when_used("tracker", _HOMES)
