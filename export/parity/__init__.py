"""Parity: what an artifact answers, compared with what its model answers on examples unseen in training."""

from kerasae.export.parity._cases import Case, make_cases, with_units
from kerasae.export.parity._decided import DECIDED, decided_case, decision_faults
from kerasae.export.parity._errors import ExportError, ParityError, refuse
from kerasae.export.parity._golden import comparable, golden_arrays
from kerasae.export.parity._measures import Parity, measure
from kerasae.export.parity._scores import first_reason, spread
from kerasae.export.parity._tolerances import TOLERANCES, tolerances

__all__ = [
    "DECIDED",
    "TOLERANCES",
    "Case",
    "ExportError",
    "Parity",
    "ParityError",
    "comparable",
    "decided_case",
    "decision_faults",
    "first_reason",
    "golden_arrays",
    "make_cases",
    "measure",
    "refuse",
    "spread",
    "tolerances",
    "with_units",
]
