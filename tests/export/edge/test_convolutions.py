"""What the kernel of a convolution multiplies, so that its weights can be rounded together."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from kerasae.export.endpoints import Endpoint
from kerasae.export.formats._convert import convert
from kerasae.export.formats._parsed import read_model
from kerasae.export.formats.tflite._convolutions import convolution_kernels
from kerasae.export.formats.tflite._dense_kernels import numbers

LAYERS = {
    "strided": ((11, 3), keras.layers.Conv1D(4, 5, strides=2, padding="same")),
    "dilated": ((11, 3), keras.layers.Conv1D(4, 3, dilation_rate=2, padding="valid")),
    "transposed": ((6, 3), keras.layers.Conv1DTranspose(4, 5, strides=2, padding="same")),
    "stride larger than the kernel": ((4, 3), keras.layers.Conv1DTranspose(2, 2, strides=3, padding="same")),
    "image": ((9, 8, 2), keras.layers.Conv2D(3, (3, 2), strides=2, padding="same")),
    "image without padding": ((9, 8, 2), keras.layers.Conv2D(3, (3, 2), padding="valid")),
    "transposed image": ((4, 5, 2), keras.layers.Conv2DTranspose(3, 3, strides=2, padding="same")),
    "transposed without padding": ((4, 5, 2), keras.layers.Conv2DTranspose(3, 3, strides=2, padding="valid")),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_rows_times_the_kernel_are_the_output(name):
    shape, layer = LAYERS[name]
    model = keras.Sequential([keras.Input(shape), layer])
    layer.bias.assign(np.arange(layer.bias.shape[0]))
    given = {"x": tf.TensorSpec((1, *shape), tf.float32, name="x")}
    content = convert([Endpoint("run", given, lambda sent: {"y": model(sent["x"])})])
    (kernel,) = convolution_kernels(content)
    run = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    run.allocate_tensors()
    x = np.random.default_rng(0).normal(size=(1, *shape)).astype("float32")
    run.set_tensor(run.get_input_details()[0]["index"], x)
    run.invoke()
    weights = numbers(read_model(content).buffers[kernel.buffer], "float32", kernel.shape)
    output = run.get_tensor(kernel.output)
    rows = kernel.rows(run.get_tensor(kernel.given)[None])
    np.testing.assert_allclose(
        (rows @ weights.T + layer.bias.numpy()).reshape(output.shape), output, atol=1e-5
    )
