"""What cannot be read: an error at once, or a list for the end."""

from typing import Literal


class Skipped:
    """Collects what could not be read.

    Args:
        on_error: `"raise"` ends the reading at the first, `"skip"` goes on.
    """

    def __init__(self, on_error: Literal["raise", "skip"]) -> None:
        if on_error not in ("raise", "skip"):
            raise ValueError(f"`on_error` must be 'raise' or 'skip', received {on_error!r}.")
        self.on_error = on_error
        self._lines: list[str] = []

    def add(self, where: str, reason: str, advice: str = "remove it") -> None:
        """Notes one that cannot be read.

        Args:
            where: file and line.
            reason: why it cannot.
            advice: what to do about it.

        Raises:
            ValueError: unless they are skipped.
        """
        line = f"{where}: {' '.join(reason.split()).rstrip('.')}"
        if self.on_error == "raise":
            raise ValueError(f"{line}; {advice}, or use --on-error skip.")
        self._lines.append(line)

    @property
    def lines(self) -> tuple[str, ...]:
        """What was skipped, a line each."""
        return tuple(self._lines)
