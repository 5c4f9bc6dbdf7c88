"""Errors of an export."""

from kerasae.export.parity._measures import Parity


class ExportError(ValueError):
    """Error for an artifact that cannot be written. The other artifacts of a bundle can."""


class ParityError(ExportError):
    """Error for an artifact that does not agree with its model.

    Args:
        reason: Sentence that names the artifact and the measure that exceeds its tolerance.
        parity: All measures.
    """

    reason: str
    parity: Parity

    def __init__(self, reason: str, parity: Parity) -> None:
        super().__init__(
            f"{reason}; nothing was written. Another precision may do, or --tolerance MEASURE=VALUE."
        )
        self.reason, self.parity = reason, parity


def refuse(parity: Parity, what: str) -> None:
    """Raise a ParityError if a measure exceeds its tolerance.

    Args:
        parity: Measures of the artifact.
        what: Name of the artifact in the message.
    """
    if parity.breaches:
        more = f" (and {len(parity.breaches) - 1} more)" if len(parity.breaches) > 1 else ""
        raise ParityError(f"{what} does not agree with its model: {parity.breaches[0]}{more}", parity)
