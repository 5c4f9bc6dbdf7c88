"""Workers: worker processes on this machine, which are started, watched and replaced."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kerasae.tuning.cluster.signs import SEARCH, id_of, life_of

#: Number of workers in a row that end without a trial, after which the search ends.
_VAIN = 3


class Workers:
    """Worker processes on this machine. A process that ends too early is replaced.

    Args:
        folder: Folder of the search.
        address: Address of the chief, `HOST:PORT`.
        jobs: Number of processes at a time.
        stem: Beginning of their names, which no other worker of the search has.
        patience: Longest time to wait for an answer of the chief, in seconds. Defaults to 600.
    """

    def __init__(self, folder: Path, address: str, jobs: int, *, stem: str, patience: float = 600.0) -> None:
        self._folder, self._address, self._jobs = folder, address, jobs
        self._stem, self._patience = stem, patience
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._count = 0
        self._vain: list[str] = []
        self._last_ended = 0

    def __enter__(self) -> "Workers":
        for _ in range(self._jobs):
            self._start()
        return self

    def __exit__(self, *_: Any) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            _close(process)

    @property
    def running(self) -> int:
        """Number of processes that are running."""
        return len(self._running)

    def _start(self) -> None:
        name = f"{self._stem}-{self._count}{SEARCH}{id_of(self._folder)}"
        self._count += 1
        arguments = ["trials", self._folder, self._address, name, self._jobs, self._patience]
        self._running[name] = start_process(arguments, self._log(name))

    def _log(self, name: str) -> Path:
        return life_of(self._folder, f"{name}.log")

    def last_words(self, name: str) -> str:
        """Return the last line of the log of a worker."""
        lines = self._log(name).read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no message"

    def ended(self) -> dict[str, int]:
        """Return the workers that have ended since the last call, with their exit status."""
        status = {name: process.poll() for name, process in self._running.items()}
        gone = {name: code for name, code in status.items() if code is not None}
        for name in gone:
            _close(self._running.pop(name))
        return gone

    def replace(self, gone: Iterable[str], ended: int) -> None:
        """Start a new process for each worker that has ended.

        Args:
            gone: Names of the workers that have ended.
            ended: Number of trials that have ended so far.

        Raises:
            ValueError: If several workers in a row have ended without a trial.
        """
        if ended > self._last_ended:
            self._vain, self._last_ended = [], ended
        for name in gone:
            self._vain.append(name)
            if len(self._vain) >= _VAIN * max(1, self._jobs):
                raise ValueError(f"Workers end before a trial does: {self.last_words(name)}")
            self._start()


def _close(process: "subprocess.Popen[bytes]") -> None:
    """Wait until a process has ended, and close its standard input."""
    with process:
        pass


_PROGRAM = "kerasae.tuning.cluster._process"


def start_process(arguments: list[Any], log: Path) -> subprocess.Popen[bytes]:
    """Start a process of `cluster._process` that ends with this one, or when its standard input is closed.

    Args:
        arguments: Arguments of the program.
        log: Path of the file for its output.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        return subprocess.Popen(
            # -P: a file of the user in the current folder, such as statistics.py, replaces no module.
            [sys.executable, "-P", "-m", _PROGRAM, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=sink,
        )
