"""run_worker: a worker, which asks its chief for trials and runs them one after the other."""

import contextlib
import os
import threading
import time
from pathlib import Path

from kerasae.tuning.cluster._keras_tuner import connect
from kerasae.tuning.cluster.client import ChiefGoneError, PatientClient
from kerasae.tuning.cluster.signs import has_ended, life_of
from kerasae.tuning.cluster.tuner import StorageError, TrialTuner
from kerasae.tuning.settings import Settings

#: Time between two signs of life, in seconds.
_BEAT = 2.0
#: Longest time to wait for an answer of the chief before the question is repeated, in seconds.
_ANSWER = 20.0


def run_worker(folder: Path, address: str, name: str, patience: float = 600.0) -> None:
    """Run trials for a chief until none is left.

    Args:
        folder: Folder of the search, shared with the chief.
        address: Address of the chief, `HOST:PORT`.
        name: Unique name of this worker.
        patience: Longest time to wait for an answer of the chief, in seconds. Defaults to 600.

    Raises:
        ConnectionError: If the chief does not answer in time and the search has not ended.
        OSError: If a file of a trial cannot be read or written. Another worker can go on with the trial.
    """
    import grpc

    host, _, port = address.rpartition(":")
    os.environ |= {
        "KERASTUNER_TUNER_ID": name,
        "KERASTUNER_ORACLE_IP": host,
        "KERASTUNER_ORACLE_PORT": port,
    }
    settings = Settings.read(folder / "tuning.json")
    sign = life_of(folder, name)
    sign.parent.mkdir(parents=True, exist_ok=True)
    sign.touch()
    threading.Thread(target=_live, args=(sign,), daemon=True).start()
    tuner = TrialTuner(settings, folder)
    # Without these options it can take two minutes until a restarted chief is found, and a proxy for the web
    # would be asked.
    options = [("grpc.max_reconnect_backoff_ms", 2000), ("grpc.enable_http_proxy", 0)]
    connect(tuner, grpc.insecure_channel(address, options), min(_ANSWER, patience))
    tuner.oracle = PatientClient(tuner.oracle, folder, address, patience)
    try:
        tuner.search(verbose=0)
    except StorageError as error:
        raise OSError(f"A trial was stopped, and stays to be gone on with: {error}") from None
    except ChiefGoneError as error:
        if not has_ended(folder):
            raise ConnectionError(str(error)) from None


def _live(sign: Path) -> None:
    while True:
        # An error of a network file system must not end the worker.
        with contextlib.suppress(OSError):
            sign.touch()
        time.sleep(_BEAT)
