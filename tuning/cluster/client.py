"""PatientClient: a worker's questions to its chief, asked again where it does not answer."""

import functools
import time
from pathlib import Path
from typing import Any

from keras_tuner.errors import FatalError
from kerasae.tuning.cluster.signs import has_ended

#: Seconds between two questions.
_PAUSE = 0.3


class ChiefGoneError(FatalError):
    """The chief does not answer; fatal, as KerasTuner takes any other error for the trial's own."""


class PatientClient:
    """KerasTuner's client for a worker, which asks again where the chief does not answer.

    The client waits an hour and then fails the trial whose figures it could not deliver, and a chief
    that is killed in the middle of an answer fails it at once. All questions can be repeated: a worker
    that has a trial gets it again, and one that ended ends once.
    """

    def __init__(self, client: Any, folder: Path, address: str, patience: float) -> None:
        self._client, self._folder = client, folder
        self._address, self._patience = address, patience
        self._reached = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return functools.partial(self._ask, found) if callable(found) else found

    def _ask(self, question: Any, *args: Any, **kwargs: Any) -> Any:
        import grpc

        began = time.monotonic()
        while True:
            try:
                found = question(*args, **kwargs)
            except grpc.RpcError as error:
                code = grpc.StatusCode
                passing = (code.UNAVAILABLE, code.DEADLINE_EXCEEDED, code.CANCELLED)
                if error.code() not in passing:
                    raise ChiefGoneError(f"Refused by {self._address}: {error.details()}") from None
                # What another chief left in the folder says nothing to who has seen none.
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
                return found
