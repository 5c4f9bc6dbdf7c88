"""PatientClient: the client of a worker, which repeats a question until its chief answers."""

import functools
import time
from pathlib import Path
from typing import Any

from kerasae.tuning._bases import FatalError
from kerasae.tuning.cluster.signs import has_ended

#: Pause between two questions, in seconds.
_PAUSE = 0.3


class ChiefGoneError(FatalError):
    """Error for a chief that does not answer. It is fatal, because any other error would fail the trial."""


class PatientClient:
    """Client of KerasTuner for a worker, which repeats a question until the chief answers.

    KerasTuner's own client waits an hour for an answer and then fails the trial. If the chief is killed
    during an answer, the trial fails at once. All questions can be repeated: a worker gets the same trial
    again, and a trial ends only once.

    Args:
        client: Client of KerasTuner.
        folder: Folder of the search.
        address: Address of the chief, `HOST:PORT`.
        patience: Longest time without an answer, in seconds.
    """

    def __init__(self, client: Any, folder: Path, address: str, patience: float) -> None:
        self._client, self._folder = client, folder
        self._address, self._patience = address, patience
        self._reached = False

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        return functools.partial(self._ask, attribute) if callable(attribute) else attribute

    def _ask(self, question: Any, *args: Any, **kwargs: Any) -> Any:
        import grpc

        began = time.monotonic()
        while True:
            try:
                answer = question(*args, **kwargs)
            except grpc.RpcError as error:
                code = grpc.StatusCode
                passing = (code.UNAVAILABLE, code.DEADLINE_EXCEEDED, code.CANCELLED)
                if error.code() not in passing:
                    raise ChiefGoneError(f"Refused by {self._address}: {error.details()}") from None
                # The sign may be that of an earlier chief, if this client has never reached one.
                over = self._reached and has_ended(self._folder)
                if over or time.monotonic() - began > self._patience:
                    raise ChiefGoneError(
                        f"Expected a chief at {self._address}, received no answer for "
                        f"{time.monotonic() - began:.0f} s; is `kerasae tune --chief` running there, and the "
                        "port open?"
                    ) from None
                time.sleep(_PAUSE)
            else:
                self._reached = True
                return answer
