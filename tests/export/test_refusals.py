"""What cannot be exported is refused by name, and nothing is left behind."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from kerasae.export import endpoints
from kerasae.export.bundles import bundle as bundle_module
from kerasae.export.formats import _convert

from kerasae import export, registry
from kerasae.models import UndercompleteAutoencoder


def test_bad_arguments(subject, tmp_path):
    what = subject("dense")
    with pytest.raises(ValueError, match="`precision` must be one of float32"):
        export.TFLite(precision="int4")
    with pytest.raises(ValueError, match=r"`precisions` must be one of float32, .*, received 'int4'"):
        export.bundle(what, tmp_path / "ship", precisions=["int8", "int4"])
    with pytest.raises(ValueError, match="`name` must hold a letter or a digit"):
        export.TFLite().write(what.model, tmp_path / "m.tflite", examples=what.held_out, name="//")


def test_a_model_without_examples_is_refused(subject, tmp_path):
    model = subject("dense").model
    with pytest.raises(ValueError, match="compared with its model before it leaves"):
        export.TFLite().write(model, tmp_path / "m.tflite")
    with pytest.raises(TypeError, match="Expected a run or an autoencoder"):
        export.TFLite().write(keras.Sequential(), tmp_path / "m.tflite")


def test_formats_that_cannot_be_written_here_are_left_out(monkeypatch):
    on_request = {"c99", "single", "tiny", "trainable"}
    assert set(bundle_module.available()) == set(registry.names("export")) - on_request
    monkeypatch.setattr(export.ONNX, "requires", ("a_package_that_is_not_there",))
    assert "onnx" not in bundle_module.available()


def test_a_missing_extra_is_named(monkeypatch, subject, tmp_path):
    monkeypatch.setattr(export.ONNX, "requires", ("a_package_that_is_not_there",))
    with pytest.raises(ImportError, match=r"a_package_that_is_not_there.*pip install 'kerasae\[onnx\]'"):
        export.ONNX().write(subject("dense"), tmp_path / "m.onnx")
    monkeypatch.setattr(export.Tiny, "requires", ("a_package_that_is_not_there",))
    with pytest.raises(ImportError, match=r"pip install 'kerasae\[tiny\]'"):
        export.Tiny().write(subject("dense"), tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_an_operation_that_devices_lack_is_named(tmp_path):
    inputs = keras.Input((6,))
    encoder = keras.Model(inputs, keras.ops.arctanh(0.1 * keras.layers.Dense(4)(inputs)))
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
    model = UndercompleteAutoencoder(encoder, decoder)
    model.build((None, 6))
    with pytest.raises(ValueError, match="operations that TFLite has, received Atanh"):
        export.TFLite().write(model, tmp_path / "m.tflite", examples=np.ones((9, 6), "float32"))


def test_an_operation_that_is_not_built_in_is_found_in_every_graph():
    class Two(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 3))])
        def plain(self, x):
            return {"y": 2.0 * x}

        @tf.function(input_signature=[tf.TensorSpec((1, 3))])
        def special(self, x):
            return {"y": tf.math.erfc(x)}

    two = Two()

    def content(*names):
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [getattr(two, name).get_concrete_function() for name in names], two
        )
        converter.allow_custom_ops = True
        return converter.convert()

    assert _convert.builtin_operations(content("plain")) == {"MUL": 1}
    with pytest.raises(ValueError, match="builtin operations alone, received Erfc"):
        _convert.builtin_operations(content("plain", "special"))


def test_an_endpoint_that_needs_a_compiler_is_refused(monkeypatch, subject, tmp_path):
    class Compiling:
        """TensorFlow as the endpoints see it. Others keep the graphs that they trace beyond this test."""

        function = staticmethod(functools.partial(tf.function, jit_compile=True))

        def __getattr__(self, name):
            return getattr(tf, name)

    monkeypatch.setattr(endpoints, "tf", Compiling())
    with pytest.raises(ValueError, match="a server without XLA refuses it"):
        export.SavedModel().write(subject("dense"), tmp_path / "server")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bytes_left", [2_000, 150_000])
def test_a_disk_that_is_full_is_an_error_of_the_system(subject, tmp_path, bytes_left):
    """A file that may not grow stands for a disk: writes fail in the same place."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    what = subject("conv")
    what.cached(
        "server", lambda: export.SavedModel().cases(what, export.SavedModel().view(what.preprocessor))
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, hard))
    try:
        with pytest.raises(OSError, match=r"Expected to write .*, received: .+"):
            export.SavedModel().write(what, tmp_path / "server")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())
