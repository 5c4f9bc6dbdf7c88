"""search: the chief, which hands trials to workers and counts what comes back."""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kerasae.tuning.oracle import SpreadOracle
from kerasae.tuning.settings import Settings
from kerasae.tuning.trials import Trial, read_trials
from kerasae.tuning.worker import life_of

from kerasae.data import Data

#: Workers that may end in a row without a trial before the search gives up.
_VAIN = 3


def search(
    folder: Path,
    settings: Settings,
    data: Data,
    *,
    jobs: int = 1,
    address: str = "127.0.0.1:0",
    stale_seconds: float = 60.0,
    progress: Callable[[list[Trial]], None] | None = None,
) -> list[Trial]:
    """Runs the trials of a search that are not there yet.

    The chief of KerasTuner's own distribution: workers ask it over gRPC, which is neither encrypted
    nor authenticated, for trials, and share a folder with it. It runs none itself.

    Args:
        folder: of the search's output; `folder / "search"` holds the trials.
        settings: of the search.
        data: of its recipe.
        jobs: worker processes on this machine; 0 where all come from elsewhere.
        address: `HOST:PORT` to listen at; port 0 takes a free one.
        stale_seconds: without a sign of life, after which a worker's trial is given to another one.
        progress: called with all trials whenever one has ended.

    Returns:
        All trials, in order.

    Raises:
        ValueError: if workers end without having run a trial, or no trial has figures.
        FileExistsError: if the search is running already.
    """
    place = folder / "search"
    place.mkdir(parents=True, exist_ok=True)

    def sign(worker: str) -> float:
        try:
            return life_of(folder, worker).stat().st_mtime_ns
        except OSError:
            return 0.0

    with _alone(place):
        oracle = settings.oracle(data, place, stale_seconds=stale_seconds, lives=sign)
        oracle.reload()
        if not oracle.done:
            with _served(oracle, address) as where, Workers(folder, where, jobs) as workers:
                ended = -1
                while not oracle.done:
                    if progress and oracle.ended != ended:
                        ended = oracle.ended
                        progress(read_trials(place))
                    time.sleep(0.2)
                    gone = workers.ended()
                    oracle.release_lost(gone)
                    if not oracle.done:
                        workers.replace(gone, oracle.ended)
        trials = read_trials(place)
    if progress:
        progress(trials)
    if not any(trial.completed for trial in trials):
        raise ValueError(
            f"Expected a trial with figures, received {len(trials)} that failed; the first: "
            f"{trials[0].reason if trials else 'none could be drawn'}"
        )
    return trials


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Sees to it that one chief works in a folder; the system frees the lock of one that was killed."""
    with (place / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FileExistsError(
                f"Expected a search that is not running, received {place.parent}, where another process is "
                "at work; wait for it, or end it."
            ) from None
        yield


@contextlib.contextmanager
def _served(oracle: SpreadOracle, address: str) -> Iterator[str]:
    """Answers workers, by KerasTuner's own service, under the address given.

    Its `start_server` would wait 20 s at a time for workers, and for ever for one that was killed.
    """
    import grpc
    from keras_tuner.src import protos
    from keras_tuner.src.distribute.oracle_chief import OracleServicer
    from keras_tuner.src.engine import conditions

    # KerasTuner 1.4.8 prints a value of each condition that it sends, which was left in by mistake.
    conditions.print = lambda *_: None
    host = address.rpartition(":")[0]
    server = grpc.server(ThreadPoolExecutor(max_workers=1), options=[("grpc.so_reuseport", 0)])
    protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(oracle), server)
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        port = 0
    if not port:
        raise OSError(f"Expected an address to listen at, received {address}, which cannot be had.")
    server.start()
    try:
        yield f"{host}:{port}"
    finally:
        server.stop(grace=None).wait()


class Workers:
    """Worker processes on this machine, replaced when one ends before its time.

    Args:
        folder: of the search's output.
        address: of the chief.
        jobs: how many at a time.
    """

    def __init__(self, folder: Path, address: str, jobs: int) -> None:
        self._folder, self._address, self._jobs = folder, address, jobs
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

    def _start(self) -> None:
        # A name that no other chief's worker had: signs of life are told apart by name.
        name = f"local-{os.getpid()}-{self._count}"
        self._count += 1
        arguments = ["trials", self._folder, self._address, name, self._jobs]
        self._running[name] = start_process(arguments, self._log(name))

    def _log(self, name: str) -> Path:
        return life_of(self._folder, name).with_suffix(".log")

    def ended(self) -> list[str]:
        """Names of those that have ended since the last time."""
        gone = [name for name, process in self._running.items() if process.poll() is not None]
        for name in gone:
            del self._running[name]
        return gone

    def replace(self, gone: list[str], ended: int) -> None:
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
                lines = self._log(name).read_text(errors="replace").strip().splitlines()
                raise ValueError(f"Workers end before a trial does: {lines[-1] if lines else 'no message'}")
            self._start()


def start_process(arguments: list[Any], log: Path) -> subprocess.Popen[bytes]:
    """Starts a process of `kerasae.tuning._process` that ends with this one; its output goes to a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        return subprocess.Popen(
            [sys.executable, "-m", "kerasae.tuning._process", *map(str, arguments), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
