"""The layers of the library pass the battery of Keras."""

import importlib
import inspect
import pkgutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from keras.src.testing import TestCase  # style.md, rule 7: one of the two private imports

from kerasae import corruptions, layers, penalties, preprocessing, registry
from kerasae.corruptions import Corruption
from kerasae.corruptions._chained import ChainedCorruption
from kerasae.layers import NoiseLayer, Sampling, SharedScale, TopK, TransposedDense
from kerasae.penalties import GaussianKL, Penalty, SquaredJacobian
from kerasae.preprocessing import Preprocessor
from kerasae.spec import Column, Spec


@keras.saving.register_keras_serializable(package="test")
class TiedDense(TransposedDense):
    """Tied as it is built, which an autoencoder does in use."""

    def build(self, input_shape):
        self.lender = keras.layers.Dense(input_shape[-1])
        self.lender.build((None, self.units))
        self.tie(self.lender)
        super().build(input_shape)


@keras.saving.register_keras_serializable(package="test")
class JacobianOfDense(SquaredJacobian):
    """Handed an encoder, which an autoencoder does in use."""

    def build(self, input_shape):
        self.encoder = keras.layers.Dense(3, "tanh", dtype="float32")
        self.encoder.build(input_shape)
        super().build(input_shape)

    def call(self, inputs, sample_weight=None):
        return super().call(
            inputs, layers=[self.encoder], encode=self.encoder, latent_dim=3, sample_weight=sample_weight
        )


@keras.saving.register_keras_serializable(package="test")
class OneKL(GaussianKL):
    """The pair as one tensor: the loss of the battery's training takes one."""

    def build(self, input_shape):
        half = (*input_shape[:-1], input_shape[-1] // 2)
        super().build([half, half])

    def call(self, inputs, sample_weight=None, training=False):
        pair = ops.split(inputs, 2, axis=-1)
        return ops.concatenate(super().call(pair, sample_weight=sample_weight, training=training), axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape


#: Bases that have no call of their own; a new one belongs here or in a case.
ABSTRACT = {NoiseLayer, Corruption, ChainedCorruption, Penalty, Preprocessor}


INPUT = (4, 6)
SERIES = (4, 8, 3)


#: The layer that stands in for a member of a room in the battery.
STAND_INS = {SquaredJacobian: JacobianOfDense}


#: They take codes, ids or strings, which the battery does not draw: tests/data.
ELSEWHERE = {
    preprocessing.TablePreprocessing,
    preprocessing.TextPreprocessing,
    layers.ColumnEmbedding,
    layers.TokenEmbedding,
}


#: Layers of no room, with what they are made with and called on.
CASES = [
    (Sampling, Sampling, {"seed": 1}, (INPUT, INPUT)),
    (layers.Rounding, layers.Rounding, {"steps": [0.5, 2.0], "seed": 1}, INPUT),
    (TopK, TopK, {"k": 2}, INPUT),
    (layers.LifetimeSparsity, layers.LifetimeSparsity, {"lifetime": 0.3}, INPUT),
    (SharedScale, SharedScale, {"initial_scale": 0.5}, INPUT),
    (layers.ColumnScales, layers.ColumnScales, {"count": 3, "initial_scale": 0.5}, INPUT),
    (layers.ChannelScales, layers.ChannelScales, {"initial_scale": 0.3}, SERIES),
    (layers.GapMarks, layers.GapMarks, {"marked": [0, 2]}, SERIES),
    (layers.NormalScores, layers.NormalScores, {"knots": 4, "beyond": 0.2}, INPUT),
    (layers.PaddingMask, layers.PaddingMask, {}, ((4, 3, 5), (4, 3, 5))),
    (layers.PeriodicFeatures, layers.PeriodicFeatures, {"count": 3, "scale": 0.2, "first": 2}, INPUT),
    (TransposedDense, TiedDense, {"units": 5, "activation": "tanh"}, INPUT),
    (TransposedDense, TiedDense, {"units": 5, "use_bias": False}, INPUT),
    (GaussianKL, OneKL, {"free_bits": 0.1, "warmup_steps": 3}, INPUT),
]


def fitted(name):
    """A preprocessor's arguments after `fit`: those that a saved model holds."""
    channels = tuple(Column(channel, "number", "float32") for channel in "abc")
    spec = Spec("series", SERIES[1:], channels=channels) if name == "series" else Spec("vector", INPUT[1:])
    raw = np.random.default_rng(0).normal(size=(50, *spec.shape)).astype("float32")
    member = registry.resolve("preprocessing", name)
    config = member(spec).fit(raw).get_config()
    return {key: config[key] for key in registry.parameters(member) if key in config}


def battery():
    """Every case: the layer that it covers, the one that is tested, its arguments, its input."""
    cases = list(CASES)
    for room in ("corruption", "penalty"):
        for name in registry.names(room):
            member = registry.resolve(room, name)
            shape = (INPUT, INPUT) if member is GaussianKL else INPUT
            cases.append((member, STAND_INS.get(member, member), {}, shape))
    for name in ("identity", "rescaling", "binarization", "standardization", "series"):
        member = registry.resolve("preprocessing", name)
        cases.append((member, member, fitted(name), SERIES if name == "series" else INPUT))
    return cases


BATTERY = [
    pytest.param(*case[1:], id=f"{case[1].__name__}-{number}") for number, case in enumerate(battery())
]


every_case = pytest.mark.parametrize(("layer", "arguments", "shape"), BATTERY)


def is_pair(shape):
    return isinstance(shape[0], tuple)


def output_shape(layer, shape):
    if layer is TiedDense:
        return (*shape[:-1], 5)
    if layer in (SharedScale, layers.ChannelScales):
        return (*shape[:-1], 2 * shape[-1])
    if layer is layers.GapMarks:
        return (*shape[:-1], shape[-1] + 2)
    if layer is layers.ColumnScales:
        return (*shape[:-1], shape[-1] + 3)
    if layer is layers.PeriodicFeatures:
        return (*shape[:-1], shape[-1] + 2 * 3 * 2)
    return shape[0] if layer in (Sampling, layers.PaddingMask) else shape


def run_battery(layer, arguments, shape, **options):
    TestCase().run_layer_test(
        layer,
        init_kwargs=arguments,
        input_shape=shape,
        expected_output_shape=output_shape(layer, shape),
        expected_num_losses=1 if issubclass(layer, Penalty) else 0,
        expected_num_seed_generators=1 if issubclass(layer, NoiseLayer | SquaredJacobian) else 0,
        # The battery's training step sums one output.
        run_training_check=layer is not GaussianKL,
        **options,
    )


@every_case
def test_keras_battery(layer, arguments, shape):
    # Those that stay in float32 by themselves have a mixed precision of their own below.
    run_battery(
        layer, arguments, shape, run_mixed_precision_check=not issubclass(layer, Penalty | Preprocessor)
    )


@pytest.mark.parametrize(
    ("layer", "arguments", "shape"),
    [case for case in BATTERY if issubclass(case.values[0], Penalty | Preprocessor)],
)
def test_keras_battery_in_mixed_precision(layer, arguments, shape):
    run_battery(layer, arguments, shape)


def defined_layers():
    for room in (layers, corruptions, penalties, preprocessing):
        for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            module = importlib.import_module(module.name)
            for _, member in inspect.getmembers(module, inspect.isclass):
                if issubclass(member, keras.layers.Layer) and member.__module__ == module.__name__:
                    yield member


def test_the_battery_is_complete():
    covered = {case[0] for case in battery()}
    missing = set(defined_layers()) - covered - ABSTRACT - ELSEWHERE
    assert not missing, f"add a case for {sorted(layer.__name__ for layer in missing)}"
    assert len(covered) >= 14, "the search for layers has lost some"


def test_every_argument_is_in_the_config():
    for covered, _, arguments, _ in battery():
        config = covered(**arguments).get_config()
        assert set(registry.parameters(covered)) <= set(config), covered.__name__
        for name, value in arguments.items():
            assert config[name] == value, (covered.__name__, name)


def test_every_layer_is_registered_under_the_library():
    for covered in {case[0] for case in battery()}:
        assert keras.saving.get_registered_name(covered) == f"kerasae>{covered.__name__}"


@every_case
def test_the_symbolic_output_has_the_dtype_of_the_real_one(layer, arguments, shape):
    shapes = shape if is_pair(shape) else [shape]
    real = [tf.fill(shape, tf.constant(0.5, "float16")) for shape in shapes]
    symbolic = [keras.KerasTensor(shape, dtype="float16") for shape in shapes]
    expected, found = (
        layer(**arguments)(inputs if is_pair(shape) else inputs[0]) for inputs in (real, symbolic)
    )
    for one, other in zip(tf.nest.flatten(expected), tf.nest.flatten(found), strict=True):
        assert keras.backend.standardize_dtype(one.dtype) == other.dtype
        assert tuple(one.shape) == other.shape
