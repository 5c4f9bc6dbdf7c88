"""Errors of an export."""

from kerasae.export.parity._measures import Parity


class ExportError(ValueError):
    """An artifact that cannot leave; the others of a bundle can."""


class ParityError(ExportError):
    """An artifact does not agree with its model.

    Args:
        reason: Which artifact, and what exceeds its tolerance.
        parity: All that was measured.
    """

    def __init__(self, reason: str, parity: Parity) -> None:
        super().__init__(
            f"{reason}; nothing was written. Another precision may do, or --tolerance MEASURE=VALUE."
        )
        self.reason, self.parity = reason, parity


def refuse(parity: Parity, what: str) -> None:
    """Raise a ParityError if there is a breach.

    Args:
        parity: What was measured.
        what: Artifact, as the message names it.
    """
    if parity.breaches:
        more = f" (and {len(parity.breaches) - 1} more)" if len(parity.breaches) > 1 else ""
        raise ParityError(f"{what} does not agree with its model: {parity.breaches[0]}{more}", parity)
