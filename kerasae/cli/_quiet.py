"""Imports TensorFlow without the lines that it writes to standard error on the way."""

import os
import sys
import tempfile


def import_tensorflow() -> None:
    """Imports TensorFlow and Keras; what they wrote is shown only if that fails.

    TensorFlow logs from C++ before its own log level applies, so Python cannot filter it.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            import keras
            import tensorflow

            # The first operation logs too.
            tensorflow.constant(keras.backend.epsilon())
        except BaseException:
            sink.seek(0)
            os.write(kept, sink.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
