"""The Keras backend: refused unless it is TensorFlow, and imported without its noise."""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path


def require_tensorflow() -> None:
    """Raises an error that names the backend Keras would start, unless that is TensorFlow.

    Looks where Keras looks: a Keras that is already imported, then `KERAS_BACKEND`, then
    `keras.json` in `KERAS_HOME` or `~/.keras`.

    Raises:
        ImportError: if the backend is not TensorFlow.
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
    """Imports TensorFlow and Keras; what they wrote is shown only if that fails.

    TensorFlow logs from C++ before its own log level applies, so Python cannot filter it.

    Args:
        threads: of each operation, or `None` for TensorFlow's choice.
        hide_gpus: whether this process does without them.
    """
    with quiet():
        import keras
        import tensorflow

        if threads is not None:
            # A process that has run something with TensorFlow keeps the threads it has.
            with contextlib.suppress(RuntimeError):
                tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
                tensorflow.config.threading.set_inter_op_parallelism_threads(1)
        if hide_gpus:
            with contextlib.suppress(RuntimeError):
                tensorflow.config.set_visible_devices([], "GPU")
        # A training of several models traces Keras's own functions anew, which is meant.
        tensorflow.get_logger().setLevel("ERROR")
        # The first operation logs too.
        tensorflow.constant(keras.backend.epsilon())


@contextlib.contextmanager
def quiet(show_failure: bool = True) -> Iterator[None]:
    """Keeps back what C++ code writes to the error stream, which Python cannot filter.

    Args:
        show_failure: whether it is shown after all if an error is raised.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        except BaseException:
            if show_failure:
                sink.seek(0)
                os.write(kept, sink.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
