"""Operations of a page: each of them computes what TensorFlow computes."""

import json

import numpy as np
import pytest
import tensorflow as tf
from browsers.headless import needs_chromium, probe

from kerasae.living import GraphError, Program, part
from kerasae.living.program import operations

nn, math = tf.nn, tf.math


def image_of(size=6, channels=3):
    return lambda x: tf.reshape(tf.tile(x, [1, 9])[:, : size * size * channels], (1, size, size, channels))


def kernel(*shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def transposed(padding, size):
    return lambda x: nn.conv2d_transpose(
        image_of(4)(x), kernel(3, 3, 2, 3), (1, size, size, 2), (2, 2), padding=padding
    )


#: Functions of `x`, `(1, 12)`, with both signs, a 0 and halves, by the operations that they are for.
CASES = {
    "Abs": tf.abs,
    "Add": lambda x: tf.raw_ops.Add(x=x, y=x),
    "AddN": lambda x: tf.add_n([x, x, 2 * x]),
    "AddV2": lambda x: x + kernel(3, 1, 12),
    "All": lambda x: tf.reduce_all(tf.reshape(x, (3, 4)) > -1, axis=1),
    "Any": lambda x: tf.reduce_any(tf.reshape(x, (3, 4)) > 1, axis=0, keepdims=True),
    "ArgMax": lambda x: tf.argmax(tf.reshape(x, (3, 4)), axis=0, output_type=tf.int32),
    "BatchMatMulV2": lambda x: tf.matmul(tf.reshape(x, (2, 2, 3)), kernel(1, 5, 3), transpose_b=True),
    "BiasAdd": lambda x: nn.bias_add(tf.reshape(x, (3, 4)), kernel(4)),
    "BroadcastTo": lambda x: tf.broadcast_to(tf.reshape(x, (3, 1, 4)), (3, 5, 4)),
    "Cast": lambda x: (
        tf.cast(tf.cast(3 * x, tf.int32), tf.float64) + tf.cast(tf.cast(x, tf.bool), tf.float64)
    ),
    "Ceil": tf.math.ceil,
    "ClipByValue": lambda x: tf.raw_ops.ClipByValue(t=x, clip_value_min=-0.5, clip_value_max=1.0),
    "ConcatV2": lambda x: tf.concat([tf.reshape(x, (2, 3, 2)), kernel(2, 2, 2)], axis=-2),
    "Conv2D": lambda x: nn.conv2d(image_of()(x), kernel(3, 3, 3, 2), 2, "SAME"),
    "Conv2D valid": lambda x: nn.conv2d(image_of()(x), kernel(2, 3, 3, 2), 1, "VALID", dilations=2),
    "Conv2D explicit": lambda x: nn.conv2d(
        image_of()(x), kernel(3, 3, 3, 2), 1, [[0, 0], [2, 1], [0, 1], [0, 0]]
    ),
    "Conv2DBackpropInput": transposed("SAME", 8),
    "Conv2DBackpropInput odd": transposed("SAME", 7),
    "Conv2DBackpropInput valid": transposed("VALID", 9),
    "Cos": tf.cos,
    "Cumsum": lambda x: tf.cumsum(tf.reshape(x, (3, 4)), axis=1, exclusive=True, reverse=True),
    "Elu": nn.elu,
    "EnsureShape": lambda x: tf.raw_ops.EnsureShape(input=x, shape=(1, 12)),
    "Equal": lambda x: tf.equal(x, 0.0),
    "Erf": lambda x: math.erf(tf.concat([x, x / 7], 0)),
    "Erfc": lambda x: math.erfc(tf.concat([x, x / 7], 0)),
    "Exp": tf.exp,
    "ExpandDims": lambda x: tf.expand_dims(x, -1),
    "Expm1": math.expm1,
    "Fill": lambda x: tf.fill((2, 3), x[0, 1]),
    "Floor": tf.floor,
    "FloorDiv": lambda x: tf.math.floordiv(x, 0.75),
    "FloorMod": lambda x: tf.math.floormod(x, 0.75),
    "FusedBatchNormV3": lambda x: (
        tf.raw_ops.FusedBatchNormV3(
            x=image_of()(x),
            scale=kernel(3),
            offset=kernel(3) + 1,
            mean=kernel(3),
            variance=kernel(3) ** 2,
            epsilon=0.01,
            is_training=False,
        ).y
    ),
    "GatherV2": lambda x: tf.gather(tf.reshape(x, (2, 3, 2)), [[2, 0], [1, 1]], axis=1),
    "Greater": lambda x: x > 0.5,
    "GreaterEqual": lambda x: x >= 0.5,
    "Identity": tf.identity,
    "IdentityN": lambda x: tf.raw_ops.IdentityN(input=[x, 2 * x])[1],
    "Inv": lambda x: tf.raw_ops.Inv(x=x + 9),
    "IsFinite": lambda x: tf.math.is_finite(1 / x),
    "IsInf": lambda x: tf.math.is_inf(1 / x),
    "IsNan": lambda x: tf.math.is_nan(tf.sqrt(x)),
    "LeakyRelu": lambda x: nn.leaky_relu(x, 0.3),
    "Less": lambda x: x < 0.5,
    "LessEqual": lambda x: x <= 0.5,
    "Log": lambda x: tf.math.log(tf.abs(x) + 0.1),
    "Log1p": lambda x: tf.math.log1p(tf.abs(x)),
    "LogSoftmax": lambda x: nn.log_softmax(tf.reshape(x, (3, 4))),
    "LogicalAnd": lambda x: tf.logical_and(x > 0, x < 1),
    "LogicalNot": lambda x: tf.logical_not(x > 0),
    "LogicalOr": lambda x: tf.logical_or(x > 1, x < 0),
    "MatMul": lambda x: tf.matmul(tf.reshape(x, (3, 4)), kernel(3, 5), transpose_a=True),
    "MatMul transposed": lambda x: tf.matmul(x, kernel(5, 12), transpose_b=True),
    "Max": lambda x: tf.reduce_max(tf.reshape(x, (2, 3, 2)), axis=[0, -1]),
    "Maximum": lambda x: tf.maximum(x, 0.25),
    "Mean": lambda x: tf.reduce_mean(tf.reshape(x, (2, 3, 2)), axis=1),
    "Min": lambda x: tf.reduce_min(x),
    "Minimum": lambda x: tf.minimum(x, 0.25),
    "Mul": lambda x: x * kernel(12),
    "Neg": tf.negative,
    "NotEqual": lambda x: tf.not_equal(x, 0.0),
    "OneHot": lambda x: tf.one_hot(tf.cast(x, tf.int32), 3, on_value=2.0, off_value=-1.0),
    "OneHot first": lambda x: tf.one_hot(tf.cast(x, tf.int32), 3, axis=0),
    "OnesLike": lambda x: x * tf.raw_ops.OnesLike(x=x),
    "Pack": lambda x: tf.stack([tf.reshape(x, (3, 4)), kernel(3, 4)], axis=1),
    "Pad": lambda x: tf.pad(tf.reshape(x, (3, 4)), [[1, 0], [0, 2]]),
    "PadV2": lambda x: tf.pad(tf.reshape(x, (3, 4)), [[0, 1], [2, 1]], constant_values=7.0),
    "Pow": lambda x: tf.pow(tf.abs(x) + 0.1, 1.7),
    "PreventGradient": lambda x: tf.raw_ops.PreventGradient(input=x),
    "Prod": lambda x: tf.reduce_prod(tf.reshape(x, (3, 4)), axis=0),
    "RealDiv": lambda x: x / (kernel(12) + 5),
    "Reciprocal": lambda x: tf.raw_ops.Reciprocal(x=x + 9),
    "Relu": nn.relu,
    "Relu6": lambda x: nn.relu6(4 * x),
    "Reshape": lambda x: tf.reshape(x, (2, -1, 3)),
    "ResizeNearestNeighbor": lambda x: tf.image.resize(image_of()(x), (11, 4), "nearest"),
    "Rint": tf.math.rint,
    "Round": tf.round,
    "Rsqrt": lambda x: tf.math.rsqrt(tf.abs(x) + 0.1),
    "SelectV2": lambda x: tf.where(x > 0, kernel(3, 12), tf.reshape(x, (1, 12))),
    "Selu": nn.selu,
    "Sigmoid": tf.sigmoid,
    "Sign": tf.sign,
    "Sin": tf.sin,
    "Slice": lambda x: tf.slice(tf.reshape(x, (3, 4)), (1, 0), (-1, 2)),
    "Softmax": lambda x: nn.softmax(tf.reshape(x, (3, 4))),
    "Softplus": nn.softplus,
    "Softsign": nn.softsign,
    "Split": lambda x: tf.split(tf.reshape(x, (2, 6)), 3, axis=1)[1],
    "SplitV": lambda x: tf.split(x, [3, 4, 5], axis=-1)[2],
    "Sqrt": lambda x: tf.sqrt(tf.abs(x)),
    "Square": tf.square,
    "SquaredDifference": lambda x: tf.math.squared_difference(x, kernel(12)),
    "Squeeze": lambda x: tf.squeeze(tf.reshape(x, (1, 12, 1)), axis=[-1]),
    "StopGradient": tf.stop_gradient,
    "StridedSlice": lambda x: tf.reshape(x, (2, 3, 2))[:, -1::-2, tf.newaxis, 0],
    "StridedSlice ellipsis": lambda x: tf.reshape(x, (2, 3, 2))[..., 1:, tf.newaxis],
    "Sub": lambda x: x - kernel(12),
    "Sum": lambda x: tf.reduce_sum(tf.reshape(x, (2, 3, 2)), axis=[1, 2], keepdims=True),
    "Tanh": tf.tanh,
    "Tile": lambda x: tf.tile(tf.reshape(x, (3, 4)), (2, 3)),
    "TopKV2": lambda x: math.top_k(tf.reshape(x, (3, 4)), 2).values,
    "TopKV2 places": lambda x: math.top_k(tf.reshape(tf.round(x), (2, 6)), 4).indices,
    "Transpose": lambda x: tf.transpose(tf.reshape(x, (2, 3, 2)), (2, 0, 1)),
    "Unpack": lambda x: tf.unstack(tf.reshape(x, (2, 3, 2)), axis=1)[2],
    "ZerosLike": lambda x: x + tf.raw_ops.ZerosLike(x=x),
}

X = np.array([[0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.3, -1.2, 3.1, -0.01, 1e-3, 0.7]], "float32")
INPUT = {"x": tf.TensorSpec(X.shape, tf.float32)}


@needs_chromium
def test_each_operation_computes_what_tensorflow_computes(tmp_path):
    programs, wanted = {}, {}
    for name, function in CASES.items():
        program = Program.of(lambda sent, function=function: {"y": function(sent["x"])}, INPUT)
        assert name.split()[0] in {node[0] for node in program.nodes}, name
        programs[name] = program.payload
        wanted[name] = np.asarray(function(tf.constant(X)))
    scripts = part._joined(["operations.js", "program.js"])
    html = f'<html><body><script type="application/json">{json.dumps(programs)}</script></body></html>'
    script = f"""
    {scripts}
    const programs = JSON.parse(document.querySelector("script").textContent);
    const answers = Object.entries(programs).map(async ([name, data]) => {{
      const x = tensor("f", [1, 12], Float32Array.from({X[0].tolist()}));
      const y = (await Program.read(data)).run({{ x }}).y;
      return [name, [y.shape, Array.from(y.data)]];
    }});
    return Object.fromEntries(await Promise.all(answers));
    """
    found = probe(html, script, tmp_path)
    for name, (shape, values) in found.items():
        assert tuple(shape) == wanted[name].shape, name
        np.testing.assert_allclose(values, wanted[name].ravel().astype("float64"), 3e-6, 1e-6, err_msg=name)
    assert {name.split()[0] for name in found} == operations(), "each operation has a case"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: tf.linalg.inv(tf.reshape(x[:, :9], (3, 3))), "received MatrixInverse"),
        (lambda x: tf.cast(x, tf.float16) * 2, "received float16"),
        (lambda x: tf.strings.length(tf.strings.as_string(x)), "received"),
        (lambda x: tf.boolean_mask(x, x > 0), "received"),
    ],
)
def test_what_no_page_can_compute_is_refused(function, reason):
    with pytest.raises(GraphError, match=reason):
        Program.of(lambda sent: {"y": function(sent["x"])}, INPUT)


def test_equal_weights_and_what_no_output_needs_are_written_once_or_not_at_all():
    weight, unused = tf.Variable(kernel(12, 5)), tf.Variable(kernel(12, 400))

    def twice(sent):
        tf.matmul(sent["x"], unused)
        return {"b": tf.matmul(sent["x"], weight), "a": tf.matmul(sent["x"] + 1.0, weight)}

    program = Program.of(twice, INPUT)
    shapes = [node[2] for node in program.nodes if node[0] == "Const"]
    assert shapes.count([12, 5]) == 1 and [12, 400] not in shapes
    assert sorted(program.outputs) == ["a", "b"]
    assert program.nodes[program.outputs["a"]][1] != program.nodes[program.outputs["b"]][1]
