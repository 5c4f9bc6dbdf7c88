"""search: the chief, which hands trials to workers and counts what comes back."""

import contextlib
import os
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
from kerasae.tuning.cluster.hosts import Workers
from kerasae.tuning.cluster.oracle import OWN, SpreadOracle
from kerasae.tuning.cluster.worker import SEARCH, UNFINISHED, id_of, life_of
from kerasae.tuning.settings import DATA, Settings
from kerasae.tuning.trials import Trial, read_trials

from kerasae.data import Data


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
            # Opened, since a network file system answers `stat` from what it remembers.
            with life_of(folder, worker).open("rb") as file:
                return os.fstat(file.fileno()).st_mtime_ns
        except OSError:
            return 0.0

    ended_sign = place / "ended"
    with _alone(place):
        # Not before: another chief may be at work with the settings that are there.
        settings.save(folder / "tuning.json")
        if data.source is not None:
            data.source.save(folder / DATA)
        identity = place / "id"
        if not identity.is_file():
            identity.with_suffix(".new").write_text(secrets.token_hex(8))
            identity.with_suffix(".new").replace(identity)
        oracle = settings.oracle(
            data, place, stale_seconds=stale_seconds, lives=sign, suffix=SEARCH + id_of(folder)
        )
        oracle.reload()
        if ended_sign.is_file() and int(ended_sign.read_text() or 0) >= settings.trials:
            # There was nothing left to draw.
            oracle.exhausted = True
        if not oracle.done:
            ended_sign.unlink(missing_ok=True)
            # A name that no other chief's workers had: signs of life are told apart by name.
            stem = f"{OWN}{os.getpid()}-{secrets.token_hex(2)}"
            with _served(oracle, address) as where, Workers(folder, where, jobs, stem=stem) as workers:
                ended = -1
                while not oracle.done:
                    if progress and oracle.ended != ended:
                        ended = oracle.ended
                        progress(read_trials(place))
                    time.sleep(0.2)
                    gone = [*workers.ended()]
                    oracle.release_lost(gone)
                    if not oracle.done:
                        workers.replace(gone, oracle.ended)
        ended_sign.write_text(str(settings.trials))
        trials = _all_there(place)
        for left in place.glob(f"trial_*/{UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
    if progress:
        progress(trials)
    if not any(trial.completed for trial in trials):
        raise ValueError(
            f"Expected a trial with figures, received {len(trials)} that failed; the first: "
            f"{trials[0].reason if trials else 'none could be drawn'}"
        )
    return trials


def _all_there(place: Path) -> list[Trial]:
    """All trials, once what other hosts wrote of them can be seen here."""
    for _ in range(600):
        trials = read_trials(place)
        if all(trial.ended for trial in trials):
            return trials
        time.sleep(0.1)
    missing = [trial.number for trial in trials if not trial.ended]
    raise ValueError(
        f"Expected a result.json of every trial in {place}, found none of {missing}; do the workers write to "
        "the same folder?"
    )


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Sees to it that one chief works in a folder; the system frees the lock of one that was killed."""
    lock = filelock.FileLock(place / "lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise FileExistsError(
            f"Expected a search that is not running, received {place.parent}, where another process is "
            "at work; wait for it, or end it."
        ) from None
    try:
        yield
    finally:
        lock.release()


def check_address(address: str) -> None:
    """Finds out whether a chief can listen at an address; gRPC says it in lines of its own.

    Raises:
        OSError: if it cannot.
    """
    host, _, port = address.rpartition(":")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host.strip("[]"), int(port)), family=family).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(
            f"Expected an address of this host to listen at, received {address}: {reason}."
        ) from None


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
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    server = grpc.server(ThreadPoolExecutor(max_workers=1), options=[("grpc.so_reuseport", 0)])
    protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(oracle), server)
    check_address(address)
    port = server.add_insecure_port(address)
    server.start()
    try:
        yield f"{host}:{port}"
    finally:
        server.stop(grace=2.0).wait()
