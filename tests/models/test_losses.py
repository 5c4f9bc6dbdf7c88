"""Reconstruction losses: each against SciPy's densities, and all against what a loss of ours promises."""

import inspect
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

import kerasae.losses
from kerasae import registry
from kerasae.layers import SharedScale
from kerasae.losses import AbsoluteError, Bernoulli, Gaussian, Laplace, ReconstructionLoss, SquaredError
from kerasae.losses._location_scale import LocationScale
from kerasae.spec import Column, Spec, Timing

#: Losses over arrays of numbers; those of tables, texts and windows have tests of their own too.
NAMES = [name for name in registry.names("loss") if "vector" in registry.resolve("loss", name).kinds]
BATCH, HEIGHT, FEATURES = 6, 3, 4
# Sums of a dozen float32 terms of size about 10, each good to 6e-8 of itself.
RTOL, ATOL = 1e-5, 1e-4


def variants():
    """Every loss as it comes, and the likelihoods with each place that their scale can come from."""
    for name in NAMES:
        yield pytest.param(name, {}, id=name)
        if issubclass(registry.resolve("loss", name), LocationScale):
            yield pytest.param(name, {"scale": 0.5}, id=f"{name}-fixed")
            yield pytest.param(name, {"scale": "predicted"}, id=f"{name}-predicted")
    channels = tuple(Column(f"channel {number}", "number", "float64") for number in range(FEATURES))
    window = Spec("series", (HEIGHT, FEATURES), channels=channels, timing=Timing(1.0))
    yield pytest.param("readings", {"spec": window.to_dict()}, id="readings")


every_loss = pytest.mark.parametrize(("name", "arguments"), list(variants()))


def make(name, arguments):
    return registry.get("loss", {"name": name, **arguments})


def numbers(loss, seed=0):
    """An `x` that the loss can take, and what a decoder with the loss's head might give for it."""
    rng = np.random.default_rng(seed)
    low, high = max(loss.low, -2.0), min(loss.high, 2.0)
    x = rng.uniform(low, high, (BATCH, HEIGHT, FEATURES)).astype("float32")
    params = rng.normal(size=(BATCH, HEIGHT, FEATURES * loss.outputs)).astype("float32")
    head = loss.head()
    return x, params if head is None else np.array(head(params))


def per_example(loss, x, params):
    return np.array(loss.per_example(tf.constant(x), tf.constant(params)))


# What every loss promises ----------------------------------------------------------------------------


@every_loss
def test_one_finite_float32_number_per_example(name, arguments):
    loss = make(name, arguments)
    values = loss.per_example(*map(tf.constant, numbers(loss)))
    assert values.shape == (BATCH,)
    assert values.dtype == "float32"
    assert np.isfinite(values).all()


@every_loss
def test_sums_over_features(name, arguments):
    loss = make(name, arguments)
    x, params = numbers(loss)
    stacked = params.reshape(BATCH, HEIGHT, -1, FEATURES)
    alone = [
        per_example(loss, x[:, i : i + 1, j : j + 1], stacked[:, i : i + 1, :, j])
        for i in range(HEIGHT)
        for j in range(FEATURES)
    ]
    np.testing.assert_allclose(per_example(loss, x, params), np.sum(alone, axis=0), rtol=RTOL, atol=ATOL)


@every_loss
def test_examples_do_not_see_each_other(name, arguments):
    loss = make(name, arguments)
    x, params = numbers(loss)
    order = np.random.default_rng(1).permutation(BATCH)
    expected = per_example(loss, x, params)[order]
    np.testing.assert_allclose(per_example(loss, x[order], params[order]), expected, rtol=RTOL, atol=ATOL)


@every_loss
def test_averages_over_examples_and_takes_weights(name, arguments):
    loss = make(name, arguments)
    x, params = numbers(loss)
    each = per_example(loss, x, params)
    weights = np.linspace(0, 2, BATCH, dtype="float32")
    np.testing.assert_allclose(float(loss(x, params)), each.mean(), rtol=RTOL, atol=ATOL)
    weighted = float(loss(x, params, sample_weight=weights))
    np.testing.assert_allclose(weighted, (each * weights).mean(), rtol=RTOL, atol=ATOL)


@every_loss
def test_mean_is_shaped_like_x(name, arguments):
    loss = make(name, arguments)
    x, params = numbers(loss)
    mean = np.array(loss.mean(tf.constant(params)))
    assert mean.shape == x.shape
    assert (mean >= loss.low).all() and (mean <= loss.high).all()


@every_loss
def test_outputs_and_head_agree_on_the_numbers_per_feature(name, arguments):
    loss = make(name, arguments)
    assert isinstance(loss.outputs, int) and loss.outputs >= 1
    head = loss.head()
    assert head is None or isinstance(head, keras.layers.Layer)
    assert loss.unit
    # Two heads never share their variables: two models may use one loss.
    assert head is None or loss.head() is not head


@every_loss
def test_the_graph_gives_what_eager_gives(name, arguments):
    loss = make(name, arguments)
    x, params = numbers(loss)
    graph = tf.function(loss.per_example)(tf.constant(x), tf.constant(params))
    np.testing.assert_allclose(graph, per_example(loss, x, params), rtol=RTOL, atol=ATOL)


@every_loss
@pytest.mark.parametrize("size", [0.0, 50.0, 1000.0])
def test_far_away_numbers_leave_loss_and_gradient_finite(name, arguments, size):
    loss = make(name, arguments)
    x, params = numbers(loss)
    params = tf.constant(np.sign(params) * np.float32(size))
    with tf.GradientTape() as tape:
        tape.watch(params)
        values = loss.per_example(tf.constant(x), params)
    assert np.isfinite(values).all()
    assert np.isfinite(tape.gradient(values, params)).all()


@every_loss
def test_comes_back_from_its_config(name, arguments):
    loss = make(name, arguments)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert again.outputs == loss.outputs
    assert type(again.head()) is type(loss.head())
    x, params = numbers(loss)
    np.testing.assert_array_equal(per_example(again, x, params), per_example(loss, x, params))


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_in_the_config(name):
    member = registry.resolve("loss", name)
    assert set(registry.parameters(member)) <= set(member().get_config())
    assert member(name="another").get_config()["name"] == "another"
    assert member().name == name


@pytest.mark.parametrize("name", NAMES)
def test_the_range_that_it_can_take_is_checked(name):
    loss = make(name, {})
    low, high = max(loss.low, -1e6), min(loss.high, 1e6)
    loss.check_range(low, high)
    # Rescaling in float32 may end a rounding error outside.
    loss.check_range(low - 1e-7, high + 1e-7)
    if np.isfinite(loss.low):
        with pytest.raises(ValueError, match=rf"'{name}' needs x in \[{loss.low:g}, .* from -"):
            loss.check_range(loss.low - 1, high)
    if np.isfinite(loss.high):
        with pytest.raises(ValueError, match="rescale the data"):
            loss.check_range(low, loss.high + 1)


@pytest.mark.parametrize("name", NAMES)
def test_bounds_that_are_no_numbers_are_out_of_range(name):
    for bounds in ((float("nan"), 0.5), (0.5, float("nan"))):
        with pytest.raises(ValueError, match="needs x in"):
            make(name, {}).check_range(*bounds)


@every_loss
@pytest.mark.parametrize("shape", [(5,), (2, 3, 4)])
def test_the_shape_of_the_decoder_is_that_of_its_numbers(name, arguments, shape):
    loss = make(name, arguments)
    head = loss.head()
    params = np.zeros((1, *shape[:-1], shape[-1] * loss.outputs), "float32")
    expected = params.shape if head is None else np.shape(head(params))
    found = loss.decoder_shape(shape)
    assert found == expected[1:]
    assert all(isinstance(size, int) for size in found)


def test_of_a_head_that_does_not_say_no_shape_is_known():
    class HeadedError(SquaredError):
        def head(self):
            return keras.layers.Dense(9)

    class TwoError(SquaredError):
        outputs = 2

    assert HeadedError().decoder_shape((4,)) is None
    assert TwoError().decoder_shape((3, 4)) == (3, 8)


@every_loss
def test_the_account_and_the_error_are_those_of_the_features(name, arguments):
    loss = make(name, arguments)
    x, params = numbers(loss)
    account = loss.account(tf.constant(x), tf.constant(params))
    off = x - np.array(loss.mean(tf.constant(params)))
    np.testing.assert_allclose(account["residual"], off.reshape(BATCH, -1), rtol=RTOL, atol=ATOL)
    nll = np.array(loss.per_feature(tf.constant(x), tf.constant(params))).reshape(BATCH, -1)
    np.testing.assert_allclose(account["nll"], nll, rtol=RTOL, atol=ATOL)
    error = loss.error(tf.constant(x), tf.constant(params))
    np.testing.assert_allclose(error, (off.astype("float64") ** 2).mean(axis=(1, 2)), rtol=1e-4)
    x[1, 2, 3] = np.nan
    if "series" in loss.kinds:
        # A missing reading is left out of the mean.
        error = np.array(loss.error(tf.constant(x), tf.constant(params)))
        assert error[1] == pytest.approx(np.nanmean((x[1] - np.array(loss.mean(params))[1]) ** 2), rel=1e-4)
        return
    # What is no number compares as the oddest of all.
    scores = np.array(loss.anomaly_score(tf.constant(x), tf.constant(params)))
    assert scores[1] == np.finfo("float32").max
    others = np.arange(BATCH) != 1
    np.testing.assert_array_equal(scores[others], np.array(error)[others])


@pytest.mark.parametrize("name", NAMES)
def test_there_is_nothing_to_learn_of_numbers_without_gaps(name):
    assert make(name, {}).learn_expected([]) is False


def test_the_base_is_abstract():
    with pytest.raises(NotImplementedError, match="must write `per_feature`"):
        ReconstructionLoss().per_example(np.zeros((1, 1)), np.zeros((1, 1)))
    with pytest.raises(NotImplementedError, match="must write `feature_nll`"):
        LocationScale().per_example(tf.zeros((1, 1)), tf.zeros((1, 2)))


# Each against its closed form, in float64 ------------------------------------------------------------


def gaussian(x, mean, scale):
    return -scipy.stats.norm.logpdf(x, mean, scale)


def laplace(x, mean, scale):
    return -scipy.stats.laplace.logpdf(x, mean, scale)


CLOSED_FORMS = {
    "absolute_error": lambda x, params: np.abs(x - params),
    # -x log p - (1 - x) log(1 - p); SciPy's pmf takes whole numbers only.
    "bernoulli": lambda x, params: (
        scipy.special.xlogy(x, 1 / scipy.special.expit(params))
        + scipy.special.xlogy(1 - x, 1 / scipy.special.expit(-params))
    ),
    "gaussian": lambda x, params: gaussian(x, params[..., :FEATURES], np.exp(params[..., FEATURES:])),
    "laplace": lambda x, params: laplace(x, params[..., :FEATURES], np.exp(params[..., FEATURES:])),
    "squared_error": lambda x, params: (x - params) ** 2,
}
MEANS = {
    "absolute_error": lambda params: params,
    "bernoulli": scipy.special.expit,
    "gaussian": lambda params: params[..., :FEATURES],
    "laplace": lambda params: params[..., :FEATURES],
    "squared_error": lambda params: params,
}


def test_every_loss_has_a_closed_form_here():
    inside = Path(kerasae.__file__).parent
    ours = {name for name in NAMES if registry.source_of("loss", name).is_relative_to(inside)}
    missing = ours - set(CLOSED_FORMS)
    assert not missing, f"add {sorted(missing)} to CLOSED_FORMS and MEANS"
    assert set(MEANS) == set(CLOSED_FORMS)
    assert set(registry.members("loss")) <= set(kerasae.losses.__all__)


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_equals_its_closed_form(name):
    member = registry.resolve("loss", name)
    loss = member("predicted") if issubclass(member, LocationScale) else member()
    x, params = numbers(loss)
    expected = CLOSED_FORMS[name](x.astype("float64"), params.astype("float64")).sum(axis=(1, 2))
    np.testing.assert_allclose(per_example(loss, x, params), expected, rtol=RTOL, atol=ATOL)
    mean = MEANS[name](params.astype("float64"))
    np.testing.assert_allclose(loss.mean(tf.constant(params)), mean, rtol=RTOL, atol=1e-6)


@pytest.mark.parametrize(("member", "density"), [(Gaussian, gaussian), (Laplace, laplace)])
class TestLocationScale:
    @pytest.mark.parametrize("scale", [0.05, 1, 3.0])
    def test_fixed(self, member, density, scale):
        loss = member(scale)
        x, params = numbers(loss)
        assert loss.outputs == 1
        assert loss.head() is None
        assert np.array_equal(loss.mean(params), params)
        expected = density(x.astype("float64"), params.astype("float64"), scale).sum(axis=(1, 2))
        # At scale 0.05 the standardised residual is 20 times larger, and squared.
        np.testing.assert_allclose(per_example(loss, x, params), expected, rtol=RTOL, atol=ATOL)

    def test_learned(self, member, density):
        loss = member()
        assert loss.scale == "learned"
        assert loss.outputs == 1
        head = loss.head()
        assert isinstance(head, SharedScale)
        rng = np.random.default_rng(0)
        x, means = rng.normal(size=(2, BATCH, HEIGHT, FEATURES)).astype("float32")
        head.build(means.shape)
        head.log_scale.assign(-0.7)
        params = np.array(head(means))
        expected = density(x.astype("float64"), means.astype("float64"), np.exp(-0.7)).sum(axis=(1, 2))
        np.testing.assert_allclose(per_example(loss, x, params), expected, rtol=RTOL, atol=ATOL)
        assert np.array_equal(loss.mean(params), means)

    def test_the_learned_scale_rests_where_the_residuals_are(self, member, density):
        # d/ds of the mean loss is 0 at the root mean square (Gaussian), the mean absolute (Laplace).
        loss, head = member(), member().head()
        residual = np.random.default_rng(0).normal(size=(50, FEATURES)).astype("float32")
        size = np.sqrt((residual**2).mean()) if member is Gaussian else np.abs(residual).mean()
        head.build(residual.shape)
        slopes = []
        for factor in (0.9, 1.0, 1.1):
            head.log_scale.assign(np.log(size * factor))
            with tf.GradientTape() as tape:
                value = loss(residual, head(tf.zeros_like(residual)))
            slopes.append(float(tape.gradient(value, head.log_scale)))
        assert slopes[0] < -0.1 and slopes[2] > 0.1
        assert slopes[1] == pytest.approx(0, abs=1e-4)  # a difference of float32 sums near 4

    def test_predicted(self, member, density):
        loss = member("predicted")
        assert loss.outputs == 2
        assert loss.head() is None

    def test_the_scale_never_falls_below_the_least(self, member, density):
        loss = member("predicted", min_scale=0.2)
        x = np.random.default_rng(0).normal(size=(BATCH, FEATURES)).astype("float32")
        params = np.concatenate([np.zeros_like(x), np.full_like(x, -30)], axis=-1)
        expected = density(x.astype("float64"), 0, 0.2).sum(axis=1)
        np.testing.assert_allclose(per_example(loss, x, params), expected, rtol=RTOL, atol=ATOL)
        above = np.concatenate([np.zeros_like(x), np.full_like(x, np.log(0.21))], axis=-1)
        expected = density(x.astype("float64"), 0, 0.21).sum(axis=1)
        np.testing.assert_allclose(per_example(loss, x, above), expected, rtol=RTOL, atol=ATOL)

    def test_wrong_scales_are_refused(self, member, density):
        with pytest.raises(ValueError, match=r"`scale` must be .* received 'guessed'"):
            member("guessed")
        for scale in (0, -1.0, float("nan")):
            with pytest.raises(ValueError, match="`scale` must be positive"):
                member(scale)
        for least in (0, -0.1, float("nan")):
            with pytest.raises(ValueError, match="`min_scale` must be positive"):
                member(min_scale=least)

    def test_a_scale_may_be_the_least_and_no_less(self, member, density):
        assert member(0.25, min_scale=0.25).scale == 0.25
        with pytest.raises(ValueError, match=r"`scale` must not be below `min_scale` 0.3, received 0.25"):
            member(0.25, min_scale=0.3)
        with pytest.raises(ValueError, match="`scale` must be positive, received True"):
            member(True)
        # By default a hundredth.
        x, params = np.ones((1, 1), "float32"), np.array([[1.0, -30.0]], "float32")
        expected = density(np.ones((1, 1)), 1.0, 0.01).sum(axis=1)
        np.testing.assert_allclose(per_example(member("predicted"), x, params), expected, rtol=RTOL)

    def test_its_arguments_come_back(self, member, density):
        loss = member("predicted", min_scale=0.25, name="other")
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        assert (again.scale, again.min_scale, again.name) == ("predicted", 0.25, "other")


def test_bernoulli_is_the_likelihood_of_binary_data():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (BATCH, FEATURES)).astype("float32")
    logits = rng.normal(size=x.shape, scale=3).astype("float32")
    expected = -scipy.stats.bernoulli.logpmf(x, scipy.special.expit(logits.astype("float64"))).sum(axis=1)
    np.testing.assert_allclose(per_example(Bernoulli(), x, logits), expected, rtol=RTOL, atol=ATOL)


@pytest.mark.parametrize("logit", [0.0, -0.0, 1e-20, -1e-20, 2.0, -2.0])
def test_the_gradient_of_bernoulli_is_what_is_left(logit):
    # sigmoid(logit) - x; at 0, where an untrained decoder starts, it was -x.
    x, logits = tf.constant([[0.0, 0.3, 1.0]]), tf.fill((1, 3), logit)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = Bernoulli().per_example(x, logits)
    np.testing.assert_allclose(tape.gradient(loss, logits), tf.sigmoid(logits) - x, atol=1e-6)


@pytest.mark.parametrize("features", [1, 7, 97, 98, 99, 197, 784])
def test_the_bernoulli_of_a_training_is_the_exact_one(features):
    """Products of up to 98 factors, the last group filled up; and the gradient that is written out."""
    rng = np.random.default_rng(features)
    x = rng.random((5, features), "float32")
    logits = rng.normal(size=x.shape, scale=8).astype("float32")
    # Each factor of a product is 2 at a logit of 0, so that this is the greatest product.
    logits[0] = 0.0
    exact = np.logaddexp(0, logits.astype("float64")) - x.astype("float64") * logits
    variables = [tf.constant(x), tf.constant(logits)]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        loss = Bernoulli().call(*variables)
    slopes = tape.gradient(loss, variables)
    np.testing.assert_allclose(loss, exact.sum(axis=1), rtol=1e-6, atol=1e-6 * features)
    np.testing.assert_allclose(slopes[1], scipy.special.expit(logits.astype("float64")) - x, atol=3e-7)
    np.testing.assert_allclose(slopes[0], -logits)


def test_the_bernoulli_of_a_training_takes_images_of_any_size():
    loss = tf.function(
        Bernoulli().call, input_signature=[tf.TensorSpec((None, None, None, 1)), tf.TensorSpec((None,) * 4)]
    )
    rng = np.random.default_rng(0)
    for shape in ((2, 3, 5, 1), (1, 7, 2, 1)):
        x, logits = rng.random(shape, "float32"), rng.normal(size=shape).astype("float32")
        np.testing.assert_allclose(loss(x, logits), Bernoulli().per_example(x, logits), rtol=1e-6)


def test_a_bernoulli_of_another_feature_trains_on_it():
    class Halved(Bernoulli):
        def per_feature(self, x, params):
            return 0.5 * super().per_feature(x, params)

    x, logits = np.full((2, 3), 0.25, "float32"), np.ones((2, 3), "float32")
    np.testing.assert_allclose(Halved().call(x, logits), 0.5 * Bernoulli().call(x, logits), rtol=1e-6)


@pytest.mark.parametrize(("least", "greatest"), [(-0.1, 1.0), (0.0, 1.1)])
def test_bernoulli_is_for_shares(least, greatest):
    Bernoulli().check_range(0.0, 1.0)
    with pytest.raises(ValueError, match=r"needs x in \[0, 1\], received values from"):
        Bernoulli().check_range(least, greatest)


def test_bernoulli_keeps_its_digits_far_from_zero():
    # log(1 + e^-80) is 1.8e-35: any form that subtracts would say 0 or lose it in 80.
    x, logits = np.array([[1.0], [0.0]], "float32"), np.array([[80.0], [80.0]], "float32")
    right, wrong = per_example(Bernoulli(), x, logits)
    assert right == pytest.approx(np.exp(-80), rel=1e-3)  # float32's exponent of -80
    assert wrong == 80


def test_squared_error_is_the_gaussian_of_variance_one_half():
    x, params = numbers(SquaredError())
    nll = per_example(Gaussian(float(np.sqrt(0.5))), x, params)
    constant = HEIGHT * FEATURES * np.log(np.pi) / 2
    np.testing.assert_allclose(per_example(SquaredError(), x, params) + constant, nll, rtol=RTOL, atol=ATOL)


def test_squared_error_is_the_usual_one_times_the_features():
    x, params = numbers(SquaredError())
    usual = keras.losses.MeanSquaredError()(x, params)
    np.testing.assert_allclose(float(SquaredError()(x, params)), HEIGHT * FEATURES * usual, rtol=RTOL)


def test_absolute_error_is_the_laplace_of_scale_one():
    x, params = numbers(AbsoluteError())
    nll = per_example(Laplace(1.0), x, params)
    constant = HEIGHT * FEATURES * np.log(2)
    np.testing.assert_allclose(per_example(AbsoluteError(), x, params) + constant, nll, rtol=RTOL, atol=ATOL)


def test_every_constructor_passes_its_name_on():
    for member in registry.members("loss").values():
        assert "name" in inspect.signature(member.__init__).parameters


DENSITIES = [("gaussian", scipy.stats.norm), ("laplace", scipy.stats.laplace)]


@pytest.mark.parametrize(("name", "truth"), DENSITIES)
@pytest.mark.parametrize("scale", [0.7, "predicted"])
def test_a_draw_is_the_quantile_of_the_likelihood(name, truth, scale):
    loss = registry.get("loss", {"name": name, "scale": scale})
    levels = np.array([[0.001, 0.1, 0.5, 0.8, 0.9999]], "float32")
    mean = np.array([[1.0, -2.0, 3.0, 0.0, 5.0]], "float32")
    scales = np.array([[0.5, 1.0, 2.0, 3.0, 0.1]]) if scale == "predicted" else np.full((1, 5), scale)
    params = np.concatenate([mean, np.log(scales)], axis=1) if scale == "predicted" else mean
    found = np.asarray(loss.draw(tf.constant(params, tf.float32), tf.constant(levels)))
    np.testing.assert_allclose(found, truth.ppf(levels, mean, scales), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("name", "truth", "end"), [(*DENSITIES[0], 1e-6), (*DENSITIES[1], 1e-7)])
def test_draws_at_the_ends_are_finite(name, truth, end):
    """Float32 rounds a level of (0, 1) to 0 or 1 now and then."""
    found = np.asarray(registry.get("loss", name).quantile(tf.constant([0.0, 1.0, 0.5])))
    # 1 - 1e-6 has 4 bits in float32.
    np.testing.assert_allclose(found, [truth.ppf(end), -truth.ppf(end), 0.0], rtol=0.01, atol=1e-6)


def test_a_loss_that_is_no_density_draws_its_mean():
    loss = registry.get("loss", "squared_error")
    params = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(loss.draw(params, np.full((2, 3), 0.9, "float32")), params)
