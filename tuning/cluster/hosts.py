"""work: one host of a search, with its worker processes, for a chief here or elsewhere."""

import json
import re
import secrets
import socket
import time
from pathlib import Path

from kerasae.tuning.cluster.processes import Workers
from kerasae.tuning.cluster.signs import NO_CHIEF, id_of


def work(folder: Path, address: str, *, jobs: int = 1, name: str = "", patience: float = 600.0) -> None:
    """Run trials on this machine for a chief, here or elsewhere, until there are none left.

    A chief that cannot be reached is waited for: it may not have started yet, or be starting again.
    Trials that were begun go on meanwhile.

    Args:
        folder: Folder of the search's output, shared with the chief; its path may be another one here.
        address: Address of the chief, `HOST:PORT`.
        jobs: Number of worker processes. Defaults to 1.
        name: Name of this machine, for people; the names of workers are made unique. Defaults to the host
            name.
        patience: Seconds to wait for a chief that does not answer. Defaults to 600.

    Raises:
        FileNotFoundError: If no search appears in the folder.
        ConnectionError: If the chief does not answer for so long, and the search has not ended.
        ValueError: If workers end without having run a trial.
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
