"""The Keras backend: a check that it is TensorFlow, and its import without log messages."""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kerasae.progress import work


def require_tensorflow() -> None:
    """Check that Keras uses TensorFlow as its backend.

    The backend is read as Keras reads it: from a Keras that is already imported, then from `KERAS_BACKEND`,
    then from `keras.json` in `KERAS_HOME` or `~/.keras`.

    Raises:
        ImportError: If the backend is not TensorFlow.
    """
    if "keras" in sys.modules:
        backend = sys.modules["keras"].config.backend()
        source = "the Keras that is already imported"
    elif os.environ.get("KERAS_BACKEND"):
        backend, source = os.environ["KERAS_BACKEND"], "the variable KERAS_BACKEND"
    else:
        path = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
        try:
            backend = json.loads(path.read_text())["backend"]
        except (OSError, ValueError, KeyError, TypeError):
            return
        source = f"the file {path}"
    if backend != "tensorflow":
        raise ImportError(
            f"kerasae needs the Keras backend 'tensorflow', received {backend!r} from {source}; "
            "set KERAS_BACKEND=tensorflow before Keras is imported."
        )


def import_tensorflow(threads: int | None = None, *, hide_gpus: bool = False) -> None:
    """Import TensorFlow and Keras, and show their messages only if the import fails.

    TensorFlow logs from C++ before its log level applies, so Python cannot filter its messages.

    Args:
        threads: Number of threads of each operation. Defaults to `None`, the choice of TensorFlow.
        hide_gpus: Whether to hide the GPUs from this process. Defaults to False.
    """
    loaded = "tensorflow" in sys.modules
    with contextlib.nullcontext() if loaded else work("loading TensorFlow"), quiet():
        import keras
        import tensorflow

        if threads is not None:
            # Once TensorFlow has run an operation, the number of threads cannot change.
            with contextlib.suppress(RuntimeError):
                tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
                tensorflow.config.threading.set_inter_op_parallelism_threads(1)
        if hide_gpus:
            with contextlib.suppress(RuntimeError):
                tensorflow.config.set_visible_devices([], "GPU")
        # Training several models retraces functions of Keras, which is intended.
        tensorflow.get_logger().setLevel("ERROR")
        # The first operation logs too.
        tensorflow.constant(keras.backend.epsilon())


@contextlib.contextmanager
def quiet(show_failure: bool = True) -> Iterator[None]:
    """Suppress the messages that C++ code writes to the error stream, which Python cannot filter.

    Args:
        show_failure: Whether to show the messages if an error is raised. Defaults to True.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        except BaseException:
            if show_failure:
                sink.seek(0)
                os.write(stderr, sink.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
