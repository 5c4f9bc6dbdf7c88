"""work: a piece of work that logs how far it is."""

import contextlib
import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

_logger = logging.getLogger("kerasae.progress")
_Item = TypeVar("_Item")


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a piece of work is.

    Attributes:
        name: Name of the work, the same in all its records.
        done: Number of steps that are done.
        total: Number of all steps; `None` if it is not known.
        state: Description of what is done now. Empty at the start.
        at_most: Whether the work may end before all steps are done, as a training does that stops early.
        ended: Whether the work is over, by success or by an error.
    """

    name: str
    done: int = 0
    total: int | None = None
    state: str = ""
    at_most: bool = False
    ended: bool = False

    @property
    def sentence(self) -> str:
        """The progress in words."""
        count = "" if self.total is None else f" ({self.done:,} of {self.total:,} done)"
        return f"{self.name}{': ' if self.state else ''}{self.state}{count}"


class Work:
    """Piece of work that tells how far it is. `work` makes it.

    Args:
        progress: Progress at the start.
        level: Level of the records of its steps.
    """

    def __init__(self, progress: Progress, level: int) -> None:
        self._progress, self._level = progress, level
        self._begun = 0

    def step(self, state: str) -> None:
        """Tell that the next step begins.

        Args:
            state: What is done in this step.
        """
        self._tell(self._level, done=self._begun, state=state)
        self._begun += 1

    def reached(self, done: int, state: str = "") -> None:
        """Tell how many steps are done.

        Args:
            done: Number of steps that are done.
            state: What has come of them. Defaults to `""`.
        """
        self._tell(self._level, done=done, state=state)

    def begin(self) -> None:
        """Tell that the work begins."""
        self._tell(logging.DEBUG)

    def end(self) -> None:
        """Tell that the work is over."""
        self._tell(logging.DEBUG, ended=True)

    def _tell(self, level: int, **changes: object) -> None:
        if not _logger.isEnabledFor(level):
            return
        self._progress = dataclasses.replace(self._progress, **changes)  # type: ignore[arg-type]
        _logger.log(level, "%s", self._progress.sentence, extra={"progress": self._progress})


@contextlib.contextmanager
def work(
    name: str, total: int | None = None, *, at_most: bool = False, level: int = logging.INFO
) -> Iterator[Work]:
    """Log the begin, the steps and the end of a piece of work.

    Args:
        name: Name of the work, for a user.
        total: Number of steps. Defaults to `None`, not known.
        at_most: Whether the work may end before all steps are done. Defaults to False.
        level: Level of the records of the steps; those of its begin and its end have the level DEBUG.
            Defaults to `logging.INFO`.

    Example:
        >>> with work("reading", total=2) as reading:
        ...     for name in ("a.csv", "b.csv"):
        ...         reading.step(name)
    """
    told = Work(Progress(name, total=total, at_most=at_most), level)
    told.begin()
    try:
        yield told
    finally:
        told.end()


def each(name: str, items: Sequence[_Item], describe: Callable[[_Item], str] = str) -> Iterator[_Item]:
    """Yield items, and log before each one how many are done.

    Args:
        name: Name of the work, for a user.
        items: Items.
        describe: Function of an item that returns what is done with it. Defaults to its text.
    """
    with work(name, total=len(items)) as told:
        for item in items:
            told.step(describe(item))
            yield item
