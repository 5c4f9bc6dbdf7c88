"""Parity: what an artifact answers, held against what its model answers on examples unseen in training."""

from kerasae.export.parity._measures import (
    TOLERANCES,
    Case,
    ExportError,
    Parity,
    ParityError,
    golden_arrays,
    make_cases,
    measure,
    refuse,
    tolerances,
)

__all__ = [
    "TOLERANCES",
    "Case",
    "ExportError",
    "Parity",
    "ParityError",
    "golden_arrays",
    "make_cases",
    "measure",
    "refuse",
    "tolerances",
]
