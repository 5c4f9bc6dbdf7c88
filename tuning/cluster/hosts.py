"""work: the worker processes of a host, for a chief on this or another host."""

import json
import re
import secrets
import socket
import time
from pathlib import Path

from kerasae.tuning.cluster.processes import Workers
from kerasae.tuning.cluster.signs import NO_CHIEF, id_of


def work(folder: Path, address: str, *, jobs: int = 1, name: str = "", patience: float = 600.0) -> None:
    """Run trials of a search on this machine until none is left.

    If the chief cannot be reached, the workers wait for it, because it may be starting. Running trials go on
    meanwhile.

    Args:
        folder: Folder of the search, shared with the chief. It may have another path on this machine.
        address: Address of the chief, `HOST:PORT`.
        jobs: Number of worker processes. Defaults to 1.
        name: Name of this machine for people. It need not be unique. Defaults to `""`, the host name.
        patience: Longest time to wait for an answer of the chief, in seconds. Defaults to 600.

    Raises:
        FileNotFoundError: If no search appears in the folder.
        ConnectionError: If the chief does not answer in time and the search has not ended.
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
    # For KerasTuner any process with "chief" in its name is a chief.
    host = re.sub(r"[^\w.-]|chief", "", name or socket.gethostname())
    # A restarted container has the same host name and process number, so a random part is added.
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
    """Return the number of trials that the workers of one machine have ended."""
    paths = (folder / "search").glob("trial_*/result.json")
    return sum(json.loads(path.read_text()).get("worker", "").startswith(stem) for path in paths)
