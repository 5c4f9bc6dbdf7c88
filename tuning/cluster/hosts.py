"""Hosts: worker processes of one machine, for a chief on this one or another."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kerasae.tuning.cluster.worker import NO_CHIEF, SEARCH, id_of, life_of

#: Workers that may end in a row without a trial before the search gives up.
_VAIN = 3


def work(folder: Path, address: str, *, jobs: int = 1, name: str = "", patience: float = 600.0) -> None:
    """Runs trials on this machine for a chief, here or elsewhere, until there are none left.

    A chief that cannot be reached is waited for: it may not have started yet, or be starting again.
    Trials that were begun go on meanwhile.

    Args:
        folder: of the search's output, shared with the chief; its path may be another one here.
        address: of the chief, `HOST:PORT`.
        jobs: worker processes.
        name: of this machine, for people; the names of workers are made unique.
        patience: seconds to wait for a chief that does not answer.

    Raises:
        FileNotFoundError: if no search appears in the folder.
        ConnectionError: if the chief does not answer for so long, and the search has not ended.
        ValueError: if workers end without having run a trial.
    """
    began = time.monotonic()
    while not ((folder / "tuning.json").is_file() and id_of(folder)):
        if time.monotonic() - began > patience:
            raise FileNotFoundError(
                f"Expected the chief's search in {folder}, found no tuning.json after {patience:.0f} s; "
                "--out must be the chief's own folder, on storage that both share."
            )
        time.sleep(0.5)
    # KerasTuner takes any process whose name has "chief" in it for one.
    host = re.sub(r"[^\w.-]|chief", "", name or socket.gethostname())
    # The first process of a container has the same number, and the same host, when it comes back.
    stem = f"host-{host}-{secrets.token_hex(4)}"
    with Workers(folder, address, jobs, stem=stem, patience=patience) as workers:
        while workers.running:
            time.sleep(0.2)
            gone = workers.ended()
            for worker, status in gone.items():
                if status == NO_CHIEF:
                    raise ConnectionError(workers.last_words(worker))
            failed = [worker for worker, status in gone.items() if status]
            if failed:
                workers.replace(failed, _results(folder, stem))


def _results(folder: Path, stem: str) -> int:
    """How many trials the workers of one machine have ended."""
    paths = (folder / "search").glob("trial_*/result.json")
    return sum(json.loads(path.read_text()).get("worker", "").startswith(stem) for path in paths)


class Workers:
    """Worker processes on this machine, replaced when one ends before its time.

    Args:
        folder: of the search's output.
        address: of the chief.
        jobs: how many at a time.
        stem: of their names, which no other worker of the search has.
        patience: seconds that they wait for a chief that does not answer.
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
            process.wait()

    @property
    def running(self) -> int:
        """How many there are."""
        return len(self._running)

    def _start(self) -> None:
        name = f"{self._stem}-{self._count}{SEARCH}{id_of(self._folder)}"
        self._count += 1
        arguments = ["trials", self._folder, self._address, name, self._jobs, self._patience]
        self._running[name] = start_process(arguments, self._log(name))

    def _log(self, name: str) -> Path:
        return life_of(self._folder, f"{name}.log")

    def last_words(self, name: str) -> str:
        """The last line that a worker wrote."""
        lines = self._log(name).read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no message"

    def ended(self) -> dict[str, int]:
        """Those that have ended since the last time, with their exit status."""
        status = {name: process.poll() for name, process in self._running.items()}
        gone = {name: code for name, code in status.items() if code is not None}
        for name in gone:
            del self._running[name]
        return gone

    def replace(self, gone: Iterable[str], ended: int) -> None:
        """Starts another for each that has gone.

        Args:
            gone: names.
            ended: trials that have ended so far.

        Raises:
            ValueError: if several in a row ended and no trial did.
        """
        if ended > self._last_ended:
            self._vain, self._last_ended = [], ended
        for name in gone:
            self._vain.append(name)
            if len(self._vain) >= _VAIN * max(1, self._jobs):
                raise ValueError(f"Workers end before a trial does: {self.last_words(name)}")
            self._start()


def start_process(arguments: list[Any], log: Path) -> subprocess.Popen[bytes]:
    """Starts a process of `cluster._process` that ends with this one; its output goes to a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        return subprocess.Popen(
            [sys.executable, "-m", "kerasae.tuning.cluster._process", *map(str, arguments), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
