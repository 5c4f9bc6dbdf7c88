"""Calls of MLflow: their errors in one line, their time, and what they print."""

import contextlib
import io
import logging
import os
from collections.abc import Iterator

from kerasae.remote import hidden, masked
from kerasae.trackers._base import TrackingError

#: Number of tries and seconds of each, in MLflow's variables, where a user has not set them.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


@contextlib.contextmanager
def errors(uri: str) -> Iterator[None]:
    """Raise errors of MLflow as a TrackingError in one line, and drop what MLflow prints and tells.

    Args:
        uri: Address of the server or the store, as a user wrote it. A password is not shown.
    """
    import mlflow  # noqa: F401  (its import configures its logger)

    logger = logging.getLogger("mlflow")
    before = logger.level
    logger.setLevel(max(before, logging.WARNING))
    try:
        # MLflow prints addresses to the standard output, which is for results.
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except TrackingError:
        raise
    except Exception as error:  # stores and plugins of MLflow raise errors of their own libraries
        reason = masked(hidden(" ".join(str(error).split()), uri)) or type(error).__name__
        raise TrackingError(
            f"Expected MLflow at {masked(uri)} to take the run, received: {reason:.300}; start its "
            "server, or correct MLFLOW_TRACKING_URI."
        ) from error
    finally:
        logger.setLevel(before)


@contextlib.contextmanager
def patient_for_seconds() -> Iterator[None]:
    """Have calls of a server that is gone fail within seconds, in place of MLflow's four minutes."""
    before = {key: os.environ.get(key) for key in _PATIENCE}
    os.environ.update({key: value for key, value in _PATIENCE.items() if before[key] is None})
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
