"""search: the chief of a search, which distributes trials to workers and collects the results."""

import contextlib
import functools
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
from kerasae.tuning.cluster.oracle import SpreadOracle
from kerasae.tuning.cluster.processes import Workers
from kerasae.tuning.cluster.service import served
from kerasae.tuning.cluster.signs import OWN, SEARCH, UNFINISHED, id_of, last_sign
from kerasae.tuning.settings import DATA, Settings
from kerasae.tuning.trials import Trial, read_trials

from kerasae.data import Data
from kerasae.progress import work


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
    """Run the remaining trials of a search.

    This process is the chief of KerasTuner's distribution and runs no trial itself. Workers share a folder
    with it and ask it for trials over gRPC, which is neither encrypted nor authenticated.

    Args:
        folder: Folder of the search. `folder / "search"` contains the trials.
        settings: Settings of the search.
        data: Data of the recipe.
        jobs: Number of worker processes on this machine; 0 if all workers are on other hosts. Defaults to 1.
        address: Address to listen at, `HOST:PORT`. Port 0 stands for a free port. Defaults to
            `"127.0.0.1:0"`, which only this machine can reach.
        stale_seconds: Time without a sign of life after which a worker counts as lost, in seconds. Its trial
            is given to another worker. Defaults to 60.
        progress: Function called with all trials whenever one has ended. Defaults to `None`.

    Returns:
        All trials, in order.

    Raises:
        ValueError: If workers end without having run a trial, or no trial is completed.
        FileExistsError: If the search is running already.
    """
    place = folder / "search"
    place.mkdir(parents=True, exist_ok=True)

    ended_sign = place / "ended"
    with _alone(place):
        # Another chief may use these files until the lock is held.
        settings.save(folder / "tuning.json")
        if data.source is not None:
            data.source.save(folder / DATA)
        identity = place / "id"
        if not identity.is_file():
            identity.with_suffix(".new").write_text(secrets.token_hex(8))
            identity.with_suffix(".new").replace(identity)
        oracle = SpreadOracle.of(
            settings,
            data,
            place,
            stale_seconds=stale_seconds,
            lives=functools.partial(last_sign, folder),
            suffix=SEARCH + id_of(folder),
        )
        oracle.reload()
        if ended_sign.is_file() and int(ended_sign.read_text() or 0) >= settings.trials:
            # All combinations had been drawn.
            oracle.exhausted = True
        if not oracle.done:
            ended_sign.unlink(missing_ok=True)
            # Workers of other chiefs have other names, because signs of life are identified by name.
            stem = f"{OWN}{os.getpid()}-{secrets.token_hex(2)}"
            with served(oracle, address) as where, Workers(folder, where, jobs, stem=stem) as workers:
                _watch(oracle, workers, place, settings.trials, progress)
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


def _watch(
    oracle: SpreadOracle,
    workers: Workers,
    place: Path,
    total: int,
    progress: Callable[[list[Trial]], None] | None,
) -> None:
    """Wait until all trials have ended, replace workers that are lost, and tell how many trials are done."""
    ended = -1
    with work("trials", total=total) as trials:
        while not oracle.done:
            if oracle.ended != ended:
                ended = oracle.ended
                trials.reached(ended)
                if progress:
                    progress(read_trials(place))
            time.sleep(0.2)
            gone = [*workers.ended()]
            oracle.release_lost(gone)
            if not oracle.done:
                workers.replace(gone, oracle.ended)


def _all_there(place: Path) -> list[Trial]:
    """Return all trials, as soon as the files of other hosts are visible here."""
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
    """Lock a folder, so that one chief at a time works there. The lock of a killed chief is freed."""
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
