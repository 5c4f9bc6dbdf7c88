"""Keras's own battery on every layer of the library, then what each layer says of itself."""

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
from kerasae.layers import NoiseLayer, Sampling, SharedScale, TopK, TransposedDense
from kerasae.penalties import GaussianKL, Penalty, SquaredJacobian
from kerasae.preprocessing import Preprocessor
from kerasae.spec import Spec

# The battery -----------------------------------------------------------------------------------------


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
ABSTRACT = {NoiseLayer, Corruption, Penalty, Preprocessor}
INPUT = (4, 6)
#: The layer that stands in for a member of a room in the battery.
STAND_INS = {SquaredJacobian: JacobianOfDense}
#: They take codes, ids or strings, which the battery does not draw: test_tables.py, test_texts.py.
ELSEWHERE = {
    preprocessing.TablePreprocessing,
    preprocessing.TextPreprocessing,
    layers.ColumnEmbedding,
    layers.TokenEmbedding,
}
#: Layers of no room, with what they are made with and called on.
CASES = [
    (Sampling, Sampling, {"seed": 1}, (INPUT, INPUT)),
    (TopK, TopK, {"k": 2}, INPUT),
    (SharedScale, SharedScale, {"initial_scale": 0.5}, INPUT),
    (layers.ColumnScales, layers.ColumnScales, {"count": 3, "initial_scale": 0.5}, INPUT),
    (layers.NormalScores, layers.NormalScores, {"knots": 4, "beyond": 0.2}, INPUT),
    (layers.PaddingMask, layers.PaddingMask, {}, ((4, 3, 5), (4, 3, 5))),
    (layers.PeriodicFeatures, layers.PeriodicFeatures, {"count": 3, "scale": 0.2, "first": 2}, INPUT),
    (TransposedDense, TiedDense, {"units": 5, "activation": "tanh"}, INPUT),
    (TransposedDense, TiedDense, {"units": 5, "use_bias": False}, INPUT),
    (GaussianKL, OneKL, {"free_bits": 0.1, "warmup_steps": 3}, INPUT),
]


def fitted(name):
    """A preprocessor's arguments after `fit`: those that a saved model holds."""
    spec = Spec("vector", INPUT[1:])
    raw = np.random.default_rng(0).normal(size=(50, *INPUT[1:])).astype("float32")
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
    for name in ("identity", "rescaling", "standardization"):
        member = registry.resolve("preprocessing", name)
        cases.append((member, member, fitted(name), INPUT))
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
    if layer is SharedScale:
        return (*shape[:-1], 2 * shape[-1])
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


# NoiseLayer ------------------------------------------------------------------------------------------


class Draw(NoiseLayer):
    """The plainest noise layer."""

    def call(self, inputs):
        return self.uniform(ops.shape(inputs), self.next_seed())


def drawn(layer, times=1):
    return [np.array(layer(tf.zeros((3, 4)))) for _ in range(times)]


def test_a_seed_fixes_the_sequence_of_draws():
    first, again, other = (drawn(Draw(seed=seed), 3) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(first, other).any()
    assert not np.isclose(first[0], first[1]).any()


def test_without_a_seed_the_global_one_fixes_it():
    found = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        found.append(drawn(Draw())[0])
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.isclose(found[0], found[2]).any()
    assert not np.isclose(*(drawn(Draw())[0] for _ in range(2))).any()


def test_a_graph_draws_what_eager_draws():
    layer = Draw(seed=5)
    layer.build((3, 4))
    graph = tf.function(layer)
    np.testing.assert_array_equal([graph(tf.zeros((3, 4))) for _ in range(3)], drawn(Draw(seed=5), 3))


def test_the_place_in_the_sequence_is_saved_and_restored(tmp_path):
    def model():
        return keras.Sequential([keras.Input((4,)), Draw(seed=5)])

    path = tmp_path / "model.weights.h5"
    interrupted, uninterrupted = model(), model()
    x = tf.zeros((3, 4))
    for _ in range(2):
        interrupted(x), uninterrupted(x)
    interrupted.save_weights(path)
    resumed = model()
    resumed.load_weights(path)
    for _ in range(2):
        np.testing.assert_array_equal(resumed(x), uninterrupted(x))


class ShiftedDraw(Draw):
    """Owns a weight besides, which must be saved too."""

    def build(self, input_shape):
        self.shift = self.add_weight(shape=(), initializer="random_normal", name="shift")
        super().build(input_shape)

    def call(self, inputs):
        return super().call(inputs) + ops.stop_gradient(self.shift)


def test_the_weights_beside_the_seed_are_restored(tmp_path):
    path = tmp_path / "model.weights.h5"
    first, second = (keras.Sequential([keras.Input((4,)), ShiftedDraw(seed=seed)]) for seed in (5, 6))
    first.save_weights(path)
    second.load_weights(path)
    np.testing.assert_array_equal(first.get_weights(), second.get_weights())
    np.testing.assert_array_equal(first(tf.zeros((3, 4))), second(tf.zeros((3, 4))))


@pytest.mark.parametrize("member", [Sampling, *registry.members("corruption").values()])
def test_a_keras_file_holds_the_place_in_the_sequence(member, tmp_path):
    shape = (6,)
    inputs = keras.Input(shape)
    layer = member(seed=3)
    outputs = layer((inputs, inputs) if member is Sampling else inputs, training=True)
    model = keras.Model(inputs, outputs)
    x = np.random.default_rng(0).uniform(size=(50, *shape)).astype("float32")
    model(x)
    model.save(tmp_path / "model.keras")
    resumed = keras.saving.load_model(tmp_path / "model.keras")
    first, second = np.array(model(x)), np.array(model(x))
    np.testing.assert_array_equal(resumed(x), first)
    np.testing.assert_array_equal(resumed(x), second)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1"])
def test_wrong_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="`seed` must be a non-negative integer or None, received"):
        Draw(seed=seed)


# Sampling --------------------------------------------------------------------------------------------


def test_the_moments_of_a_draw():
    mean, log_var = np.float32([0.0, 2.0, -1.0]), np.float32([0.0, -2.0, 1.0])
    count = 40_000
    pair = [np.tile(value, (count, 1)) for value in (mean, log_var)]
    z = np.array(Sampling(seed=0)(pair, training=True)).astype("float64")
    std = np.exp(log_var / 2)
    # Four standard errors: of a mean std/sqrt(n), of a standard deviation std/sqrt(2n).
    assert (np.abs(z.mean(axis=0) - mean) < 4 * std / np.sqrt(count)).all()
    assert (np.abs(z.std(axis=0) - std) < 4 * std / np.sqrt(2 * count)).all()
    correlation = np.corrcoef(z.T)[np.triu_indices(3, 1)]
    assert (np.abs(correlation) < 4 / np.sqrt(count)).all()


def test_outside_training_the_mean_is_returned_to_the_bit():
    pair = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    for arguments in ({}, {"training": False}):
        np.testing.assert_array_equal(Sampling()(list(pair), **arguments), pair[0])


def test_a_given_seed_draws_in_any_mode_and_leaves_the_sequence():
    pair = list(np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32"))
    layer, untouched = Sampling(seed=1), Sampling(seed=1)
    first = layer(pair, seed=[3, 5])
    np.testing.assert_array_equal(layer(pair, seed=[3, 5], training=True), first)
    assert not np.allclose(layer(pair, seed=[3, 6]), first)
    assert not np.allclose(pair[0], first)
    np.testing.assert_array_equal(layer(pair, training=True), untouched(pair, training=True))


def test_the_gradient_reaches_both_moments():
    mean, log_var = (tf.constant(value) for value in np.float32([[[0.5, 1.0]], [[-1.0, 2.0]]]))
    with tf.GradientTape() as tape:
        tape.watch([mean, log_var])
        z = Sampling()((mean, log_var), seed=[1, 2])
    to_mean, to_log_var = tape.gradient(z, [mean, log_var])
    np.testing.assert_array_equal(to_mean, np.ones((1, 2)))
    # z = mean + exp(v/2) eps, so dz/dv = (z - mean)/2.
    np.testing.assert_allclose(to_log_var, (z - mean) / 2, rtol=1e-6)


# TopK ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 6])
def test_exactly_the_k_largest_stay(k):
    codes = np.random.default_rng(0).normal(size=(50, 6)).astype("float32")
    threshold = np.sort(codes, axis=1)[:, -k][:, None]
    expected = np.where(codes >= threshold, codes, 0)
    kept = np.array(TopK(k)(codes))
    np.testing.assert_array_equal(kept, expected)
    assert ((kept != 0).sum(axis=1) == k).all()


def test_the_gradient_flows_through_the_kept_alone():
    codes = tf.constant(np.random.default_rng(0).normal(size=(20, 6)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(codes)
        kept = TopK(2)(codes)
    np.testing.assert_array_equal(tape.gradient(kept, codes), np.array(kept) != 0)


def test_of_equals_the_first_are_kept():
    found = TopK(2)(np.float32([[1, 1, 1, 0], [0, 2, 2, 2]]))
    np.testing.assert_array_equal(found, np.float32([[1, 1, 0, 0], [0, 2, 2, 0]]))


def test_negative_numbers_stay_where_they_are_the_largest():
    np.testing.assert_array_equal(TopK(1)(np.float32([[-3, -1, -2]])), np.float32([[0, -1, 0]]))


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_wrong_ks_are_refused(k):
    with pytest.raises(ValueError, match="`k` must be a positive integer, received"):
        TopK(k)


def test_a_k_beyond_the_code_is_refused():
    with pytest.raises(ValueError, match="`k` must not exceed the code size 4, received 5"):
        TopK(5)(np.zeros((2, 4), "float32"))


# SharedScale -----------------------------------------------------------------------------------------


def test_one_scale_is_put_behind_the_locations():
    layer = SharedScale(0.5)
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 2)).astype("float32")
    outputs = np.array(layer(x))
    np.testing.assert_array_equal(outputs[..., :2], x)
    np.testing.assert_allclose(outputs[..., 2:], np.full(x.shape, np.log(0.5)), rtol=1e-6)
    assert layer.count_params() == 1
    assert layer.compute_output_shape((None, 3, 4, 2)) == (None, 3, 4, 4)


def test_the_scale_is_trained_by_the_sum_of_what_it_serves():
    layer = SharedScale()
    with tf.GradientTape() as tape:
        outputs = layer(np.zeros((5, 3), "float32"))
    assert float(tape.gradient(outputs, layer.log_scale)) == 15


@pytest.mark.parametrize("scale", [0, -1.0, float("nan")])
def test_wrong_scales_are_refused(scale):
    with pytest.raises(ValueError, match="`initial_scale` must be positive, received"):
        SharedScale(scale)


def test_a_scale_can_be_built_inside_a_graph():
    class Decoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.scale = SharedScale(0.5)

        def call(self, inputs):
            return self.scale(inputs)

    model = Decoder()
    model.compile("sgd", "mse")
    model.fit(np.zeros((2, 3), "float32"), np.zeros((2, 6), "float32"), verbose=0)
    assert model.scale.built


# TransposedDense -------------------------------------------------------------------------------------


def tied(units=5, features=3, **arguments):
    """A tied layer with a bias other than 0, and its lender, `units` to `features`."""
    lender = keras.layers.Dense(features)
    lender.build((None, units))
    layer = TransposedDense(units, **arguments)
    layer.tie(lender)
    layer.build((None, features))
    if layer.use_bias:
        layer.bias.assign(np.random.default_rng(0).normal(size=units))
    return layer, lender


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("activation", [None, "tanh", keras.activations.relu])
def test_it_equals_a_dense_layer_with_the_transposed_kernel(use_bias, activation):
    layer, lender = tied(use_bias=use_bias, activation=activation)
    x = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    dense = keras.layers.Dense(5, activation, use_bias=use_bias)
    dense.build((None, 3))
    bias = [layer.bias.numpy()] if use_bias else []
    dense.set_weights([lender.kernel.numpy().T, *bias])
    # The same product in another order of summation.
    np.testing.assert_allclose(layer(x), dense(x), rtol=1e-5, atol=1e-6)
    assert layer(x).shape == (4, 5)


@pytest.mark.parametrize("use_bias", [True, False])
def test_untied_computes_the_same_with_a_kernel_of_its_own(use_bias):
    layer, lender = tied(use_bias=use_bias, activation="tanh", name="last")
    plain = layer.plain()
    x = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    before = np.array(layer(x))
    assert type(plain) is keras.layers.Dense
    assert plain.name == "last"
    np.testing.assert_allclose(plain(x), before, rtol=1e-5, atol=1e-6)
    lender.kernel.assign(lender.kernel * 2)
    np.testing.assert_allclose(plain(x), before, rtol=1e-5, atol=1e-6)
    assert not np.allclose(layer(x), before)


def test_untied_keeps_the_dtype():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        layer, _ = tied(dtype="float32")
        assert layer.plain().compute_dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


def test_it_borrows_and_owns_its_bias_alone():
    layer, lender = tied()
    assert [weight.path.split("/")[-1] for weight in layer.weights] == ["bias"]
    x = tf.constant(np.random.default_rng(1).normal(size=(4, 3)).astype("float32"))
    with tf.GradientTape() as tape:
        outputs = layer(x)
    gradient = tape.gradient(outputs, lender.kernel.value)
    # d/dW_ij of the sum of x W^T is the sum over the batch of x_j.
    np.testing.assert_allclose(gradient, np.tile(np.sum(x, axis=0), (5, 1)), rtol=1e-5)


def test_untied_yet_it_says_what_to_do():
    layer = TransposedDense(5)
    with pytest.raises(ValueError, match="is not tied yet; give its decoder and the encoder"):
        layer(np.zeros((2, 3), "float32"))
    with pytest.raises(ValueError, match="is not tied yet"):
        layer.plain()


def test_a_symbolic_call_needs_no_kernel():
    model = keras.Sequential([keras.Input((3,)), TransposedDense(5, dtype="float32")])
    assert model.output_shape == (None, 5)


def test_a_kernel_that_does_not_fit_is_refused():
    lender = keras.layers.Dense(3)
    lender.build((None, 4))
    with pytest.raises(ValueError, match=r"kernel of shape \(5, 3\), received one of shape \(4, 3\)"):
        TransposedDense(5).tie(lender)


@pytest.mark.parametrize("units", [0, -1, 1.5, True])
def test_wrong_units_are_refused(units):
    with pytest.raises(ValueError, match="`units` must be a positive integer, received"):
        TransposedDense(units)
