"""What counts as a fault, and the reading of damaged files one after another."""

import collections
import contextlib
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

import kerasae
from fuzzing.reader import Reader

#: An input may take so long, and so much of the processor where a library does not let itself be stopped.
SECONDS, PROCESSOR_SECONDS = 5.0, 30.0

_ROOT = Path(kerasae.__file__).parents[1]
#: The packages of ours that lie beside each other in a checkout.
_OURS = tuple(str(_ROOT / name) for name in ("kerasae", "export", "tuning"))

#: By kind of failure: the first message and input.
Failures = dict[str, tuple[str, bytes]]


class Hang(BaseException):
    """An input takes too long."""


def opened(kind: type[Reader], folder: Path) -> Reader:
    """A reader in an empty folder, once it has taken its sound files."""
    reader = kind(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for sound in reader.seeds:
            reader.place.write_bytes(sound)
            reader(reader.place)
    return reader


def read_damaged(reader: Reader, numbers: range, seed: int) -> tuple[collections.Counter[str], Failures]:
    """Read a damaged file for each number.

    Args:
        reader: What reads.
        numbers: Of the files. A file depends on its number and the seed alone.
        seed: Of the changes.

    Returns:
        How often the reader took a file, or refused it with an exception, by name; and the failures.
    """
    answers: collections.Counter[str] = collections.Counter()
    failures: Failures = {}
    with _watched() as swallowed:
        for number in numbers:
            data = reader.damaged(Random(seed << 40 | number))
            reader.place.write_bytes(data)
            answer, failure = _read(reader)
            answers[answer] += 1
            if swallowed:
                error = swallowed.pop()
                failure = f"a traceback on the terminal: {type(error).__name__}", str(error)
            if failure:
                failures.setdefault(failure[0], (failure[1], data))
    return answers, failures


def fault(error: Exception) -> str | None:
    """What is wrong with a refusal; `None` for one of a reader's own, in one line."""
    code, line = _raised_at(error.__traceback__)
    place = f"{type(error).__name__} at {Path(code.co_filename).name}:{line}"
    if not isinstance(error, ValueError | TypeError | OSError):
        return f"another exception: {place}"
    if not code.co_filename.startswith(_OURS):
        return f"not of the reader's own: {place}"
    message = str(error)
    if "\n" in message or not message:
        return f"not one line: {place}"
    return None


def _read(reader: Reader) -> tuple[str, tuple[str, str] | None]:
    """What the reader answers, and the kind and the message of a failure."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)
    try:
        reader(reader.place)
    except Hang:
        return "Hang", (f"more than {SECONDS:g} s", "")
    except Exception as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        kind = fault(error)
        return type(error).__name__, kind and (kind, str(error))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    return "taken", None


def _raised_at(trace: TracebackType | None) -> tuple[Any, int]:
    """The code and the line that raised; `traceback` takes as long as a reading."""
    assert trace is not None
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code, trace.tb_lineno


@contextlib.contextmanager
def _watched() -> Iterator[list[BaseException]]:
    """Turn the alarm into a `Hang`; collect exceptions of which a library would show the traceback."""
    swallowed: list[BaseException] = []

    def hang(*_: Any) -> None:
        raise Hang

    before, hook = signal.signal(signal.SIGALRM, hang), sys.unraisablehook
    sys.unraisablehook = lambda ignored: swallowed.append(ignored.exc_value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield swallowed
    finally:
        signal.signal(signal.SIGALRM, before)
        sys.unraisablehook = hook
