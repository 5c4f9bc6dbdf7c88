"""Corruptions: when they act, how they draw, and what their noise looks like."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import stats

import kerasae
from kerasae import Recipe, registry
from kerasae.corruptions import (
    Corruption,
    GaussianNoise,
    MaskingNoise,
    MultiscaleGaussianNoise,
    SaltAndPepperNoise,
    ShiftNoise,
    SwapNoise,
)
from kerasae.data.tables import from_frame
from kerasae.spec import Column, Spec

NAMES = registry.names("corruption")
ROWS, COLUMNS = 500, 40
every_corruption = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def x():
    """All values different, none at 0 or 1: every change shows."""
    return np.random.default_rng(0).uniform(0.1, 0.9, (ROWS, COLUMNS)).astype("float32")


def make(name, **arguments):
    return registry.get("corruption", {"name": name, **arguments})


def spoiled(layer, x, **arguments):
    return np.array(layer(x, **({"training": True} | arguments)))


def assert_rate(found, expected, count=ROWS * COLUMNS):
    """A rate of `count` independent draws, within four standard errors."""
    assert abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / count)


# What every corruption promises ----------------------------------------------------------------------


@every_corruption
def test_the_identity_outside_training(name, x):
    layer = make(name)
    for arguments in ({}, {"training": False}):
        np.testing.assert_array_equal(layer(x, **arguments), x)
    assert isinstance(layer, Corruption)


@every_corruption
def test_random_at_each_call_in_training(name, x):
    layer = make(name)
    first, second = (spoiled(layer, x) for _ in range(2))
    assert not np.array_equal(first, x)
    assert not np.array_equal(first, second)
    assert first.shape == x.shape
    assert first.dtype == x.dtype


@every_corruption
def test_random_at_each_call_of_a_graph(name, x):
    layer = make(name)
    layer.build(x.shape)
    graph = tf.function(lambda x: layer(x, training=True))
    assert not np.array_equal(graph(x), graph(x))


@every_corruption
def test_each_row_has_noise_of_its_own(name, x):
    # Rows that are the same but for an offset, which swapping needs to show.
    rows = x[:1] + np.float32([[0.0], [0.01], [0.02], [0.03]])
    noise = spoiled(make(name, level=0.5), rows) - rows
    assert not any(np.allclose(noise[0], other) for other in noise[1:])


@every_corruption
def test_a_given_seed_gives_the_same_noise_in_any_mode(name, x):
    layer, other, untouched = make(name, seed=1), make(name, seed=2), make(name, seed=1)
    first = spoiled(layer, x, seed=[3, 5])
    np.testing.assert_array_equal(spoiled(layer, x, seed=[3, 5], training=False), first)
    np.testing.assert_array_equal(spoiled(other, x, seed=tf.constant([3, 5])), first)
    assert not np.array_equal(spoiled(layer, x, seed=[3, 6]), first)
    assert not np.array_equal(spoiled(layer, x, seed=[4, 5]), first)
    assert not np.array_equal(first, x)
    # Validation must not move the sequence of the training.
    np.testing.assert_array_equal(spoiled(layer, x), spoiled(untouched, x))


@every_corruption
def test_the_layers_seed_fixes_its_sequence(name, x):
    layers = [make(name, seed=seed) for seed in (1, 1, 2)]
    one, again, other = ([spoiled(layer, x) for _ in range(2)] for layer in layers)
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@every_corruption
def test_level_zero_is_the_identity(name, x):
    layer = make(name, level=0)
    np.testing.assert_array_equal(spoiled(layer, x), x)
    np.testing.assert_array_equal(spoiled(layer, x, seed=[1, 2]), x)


@every_corruption
def test_more_level_spoils_more(name, x):
    little, much = (np.abs(spoiled(make(name, level=level), x) - x).mean() for level in (0.1, 0.5))
    assert 0 < little < much


@every_corruption
@pytest.mark.parametrize("shape", [(7,), (4, 3, 2)])
def test_any_shape_and_unknown_batch(name, shape):
    layer = make(name, level=0.5)
    x = np.random.default_rng(0).uniform(0.1, 0.9, (6, *shape)).astype("float32")
    graph = tf.function(
        lambda x: layer(x, seed=[1, 2]), input_signature=[tf.TensorSpec((None, *shape), "float32")]
    )
    np.testing.assert_array_equal(graph(x), spoiled(layer, x, seed=[1, 2]))
    assert graph(x[:1]).shape == (1, *shape)


@every_corruption
def test_half_precision_stays_half_precision(name, x):
    layer = registry.resolve("corruption", name)(dtype="float16")
    outputs = spoiled(layer, x.astype("float16"))
    assert outputs.dtype == "float16"
    assert np.isfinite(outputs).all()


@every_corruption
@pytest.mark.parametrize("level", [-0.1, float("nan"), True, "0.1", None])
def test_wrong_levels_are_refused(name, level):
    with pytest.raises(ValueError, match=r"`level` must be .*received"):
        registry.resolve("corruption", name)(level)


@every_corruption
def test_the_highest_level(name):
    member = registry.resolve("corruption", name)
    if np.isinf(member.highest):
        assert member(50.0).level == 50
        with pytest.raises(ValueError, match="`level` must be non-negative, received -1"):
            member(-1)
    else:
        assert member(member.highest).level == member.highest
        with pytest.raises(ValueError, match=rf"`level` must be in \[0, {member.highest:g}\], received"):
            member(member.highest + 0.1)


@every_corruption
def test_comes_back_from_its_config(name, x):
    layer = make(name, level=0.375, seed=9)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    assert (again.level, again.seed) == (0.375, 9)
    np.testing.assert_array_equal(spoiled(again, x), spoiled(layer, x))


def test_the_base_is_abstract():
    with pytest.raises(NotImplementedError, match="must write `corrupt`"):
        Corruption(0.1)(np.zeros((2, 2), "float32"), training=True)


REPLICAS = """
import json, sys
import tensorflow as tf
from scipy import stats
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from kerasae import registry
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
x = tf.reshape(tf.linspace(0.1, 0.9, 60), (12, 5))
found = {}
for name in registry.names("corruption"):
    with strategy.scope():
        layer = registry.get("corruption", {"name": name, "level": 0.5, "seed": 0})
        layer.build(x.shape)
    steps = {
        "sequence": tf.function(lambda: layer(x, training=True)),
        "given": tf.function(lambda: layer(x, seed=[3, 5])),
    }
    found[name] = {
        kind: [
            [part.numpy().tolist() for part in strategy.experimental_local_results(strategy.run(step))]
            for _ in range(2)
        ]
        for kind, step in steps.items()
    }
print("FOUND" + json.dumps(found))
"""


@pytest.fixture(scope="module")
def replicas():
    """Noise by name, by kind of seed, by step and by replica, from a process with two devices."""
    # Logical devices must be set before TensorFlow starts: not in this process.
    path = os.pathsep.join([str(Path(kerasae.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", REPLICAS],
        env={**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.split("FOUND")[1])


@pytest.mark.slow
@every_corruption
@pytest.mark.parametrize("kind", ["sequence", "given"])
def test_replicas_draw_different_numbers(name, kind, replicas):
    steps = np.array(replicas[name][kind])
    assert steps.shape == (2, 2, 12, 5)
    assert not np.array_equal(steps[0, 0], steps[0, 1])
    assert not np.array_equal(steps[1, 0], steps[1, 1])
    assert np.array_equal(steps[0], steps[1]) == (kind == "given")


# Each by itself --------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_masking_zeroes_at_its_rate_and_leaves_the_rest(level, x):
    found = spoiled(MaskingNoise(level, seed=0), x)
    masked = found == 0
    assert_rate(masked.mean(), level)
    np.testing.assert_array_equal(found[~masked], x[~masked])


def test_masking_at_one_leaves_nothing(x):
    np.testing.assert_array_equal(spoiled(MaskingNoise(1), x), np.zeros_like(x))


def test_masking_treats_features_apart(x):
    masked = spoiled(MaskingNoise(0.5, seed=0), x) == 0
    # Counts per column are binomial: their variance is that of independent draws, within 4 sigma.
    counts = masked.sum(axis=0)
    assert abs(counts.var() / (ROWS / 4) - 1) < 4 * np.sqrt(2 / COLUMNS)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 3.0)])
@pytest.mark.parametrize("level", [0.1, 0.6, 1.0])
def test_salt_and_pepper_come_in_equal_parts(low, high, level, x):
    found = spoiled(SaltAndPepperNoise(level, low=low, high=high, seed=0), x)
    pepper, salt = found == low, found == high
    assert_rate(pepper.mean(), level / 2)
    assert_rate(salt.mean(), level / 2)
    rest = ~(pepper | salt)
    np.testing.assert_array_equal(found[rest], x[rest])
    assert level < 1 or not rest.any()


@pytest.mark.parametrize("kind", ["rescaling", "standardization", "table"])
def test_salt_and_pepper_are_the_ends_of_each_feature(kind):
    # 0 and 1 of standardised numbers are a mean and one deviation above: no noise to speak of.
    raw = np.random.default_rng(0).exponential(size=(300, 3)) * [1.0, 50.0, 0.01] + [0, 1e6, -3]
    if kind == "table":
        frame = pd.DataFrame(raw, columns=["a", "b", "c"]).assign(empty=np.nan, word=["x", "y"] * 150)
        spec = Spec(
            "table",
            (5,),
            "mixed",
            columns=(
                *(Column(name, "number", "float64") for name in "abc"),
                Column("empty", "number", "float64"),
                Column("word", "category", "object"),
            ),
        )
        with pytest.warns(UserWarning, match="'empty' has no value"):
            layer = registry.resolve("preprocessing", kind)(spec).fit(frame)
        x = layer.to_x(frame)
    else:
        layer = registry.resolve("preprocessing", kind)(Spec("vector", (3,), "float64")).fit(raw)
        x = layer.to_x(raw)
    layer = type(layer).from_config(layer.get_config())
    noise = SaltAndPepperNoise(1.0, seed=0)
    noise.suit(layer)
    found = layer.mend(tf.constant(x), tf.constant(spoiled(noise, x)), noise.continuous).numpy()[:, :3]
    if kind == "rescaling":
        # One range for all features.
        assert set(np.unique(found)) == {0, 1}
        return
    for column, values in enumerate(found.T):
        np.testing.assert_allclose(np.unique(values), [x[:, column].min(), x[:, column].max()], rtol=1e-5)


def test_salt_and_pepper_of_a_model_are_those_of_its_data():
    recipe = Recipe.of(
        "denoising",
        latent_dim=2,
        model={"corruption": "salt_and_pepper"},
        network={"widths": [4]},
        preprocessing={"name": "standardization"},
    )
    with pytest.warns(UserWarning, match="constant"):
        data = recipe.load()
    x = data.x("train")
    np.testing.assert_allclose(recipe.build(data).corruption.ends[1], x.max(axis=0), rtol=1e-5)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (1.0, 0.0)])
def test_salt_below_pepper_is_refused(low, high):
    with pytest.raises(ValueError, match="`low` must be below `high`, received"):
        SaltAndPepperNoise(low=low, high=high)


def test_salt_and_pepper_keep_their_range():
    again = SaltAndPepperNoise.from_config(SaltAndPepperNoise(0.2, low=-2.0, high=5.0).get_config())
    assert (again.level, again.low, again.high) == (0.2, -2.0, 5.0)


@pytest.mark.parametrize("level", [0.1, 2.0])
def test_gaussian_noise_has_its_standard_deviation(level, x):
    noise = (spoiled(GaussianNoise(level, seed=0), x) - x).astype("float64")
    count = noise.size
    # Four standard errors: of a mean 1/sqrt(n), of a standard deviation 1/sqrt(2n), of a kurtosis sqrt(24/n).
    assert abs(noise.mean()) < 4 * level / np.sqrt(count)
    assert abs(noise.std() / level - 1) < 4 / np.sqrt(2 * count)
    assert abs(np.mean((noise / noise.std()) ** 4) - 3) < 4 * np.sqrt(24 / count)


def test_gaussian_noise_is_added_independently_of_x(x):
    noise = spoiled(GaussianNoise(0.5, seed=0), x) - x
    assert abs(np.corrcoef(noise.ravel(), x.ravel())[0, 1]) < 4 / np.sqrt(x.size)


@pytest.mark.parametrize("level", [0.15, 0.5])
def test_swapped_features_come_from_their_own_column(level, x):
    found = spoiled(SwapNoise(level, seed=0), x)
    swapped = found != x
    # All values differ and no row gives to itself: the rate of change is the level itself.
    assert_rate(swapped.mean(), level)
    for column in range(COLUMNS):
        assert np.isin(found[:, column], x[:, column]).all()


def test_each_row_gives_to_one_other_row(x):
    found = spoiled(SwapNoise(1.0, seed=0), x)
    shifts = {shift for shift in range(ROWS) if np.array_equal(found, np.roll(x, -shift, axis=0))}
    assert len(shifts) == 1 and 0 not in shifts


def test_the_rotation_takes_every_number_of_rows_but_none():
    layer = SwapNoise(1.0, seed=0)
    rows = np.arange(4, dtype="float32")[:, None]
    shifts = {int(spoiled(layer, rows)[0, 0]) for _ in range(60)}
    # A shift of three is missed in 60 draws with probability (2/3)^60, 3e-11.
    assert shifts == {1, 2, 3}


def test_where_columns_repeat_the_rate_is_that_of_a_different_value():
    # Two values in equal parts: another row holds the other one with chance 1/2.
    x = np.random.default_rng(0).integers(0, 2, (ROWS, COLUMNS)).astype("float32")
    differ = np.mean([(np.roll(x, shift, axis=0) != x).mean() for shift in range(1, ROWS)])
    found = spoiled(SwapNoise(0.6, seed=0), x)
    assert_rate((found != x).mean(), 0.6 * differ)


def test_a_batch_of_one_has_nobody_to_swap_with(x):
    np.testing.assert_array_equal(spoiled(SwapNoise(1.0), x[:1]), x[:1])


def test_noise_of_many_scales_has_them_all(x):
    """A row's own deviation is log-uniform between the two levels; a Kolmogorov-Smirnov distance says so."""
    layer = MultiscaleGaussianNoise(2.0, lowest=0.05, seed=0)
    rows = np.zeros((4000, 500), "float32")
    scales = spoiled(layer, rows).std(axis=1)
    share = np.log(scales / 0.1) / np.log(20)
    # 500 draws a row leave the logarithm of a deviation uncertain by 0.03, a hundredth of the range.
    assert stats.kstest(share, "uniform").statistic < 1.95 / np.sqrt(4000) + 0.011
    same = spoiled(MultiscaleGaussianNoise(0.7, lowest=1.0, seed=0), rows).std(axis=1)
    np.testing.assert_allclose(same, 0.7, rtol=0.2)
    with pytest.raises(ValueError, match=r"`lowest` must be in \(0, 1\]"):
        MultiscaleGaussianNoise(1.0, lowest=0.0)


def test_masking_behind_another_noise():
    """Both act, each by its own draws; of a table codes are swapped and blotted out, but get no Gaussian."""
    x = np.random.default_rng(0).uniform(0.1, 0.9, (500, 40)).astype("float32")
    layer = make("masking", level=0.1, before={"name": "swap", "level": 0.3}, seed=3)
    found = spoiled(layer, x)
    blotted = found == 0
    assert_rate(blotted.mean(), 0.1)
    assert_rate((found != x)[~blotted].mean(), 0.3, count=int((~blotted).sum()))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(spoiled(again, x, seed=[1, 2]), spoiled(layer, x, seed=[1, 2]))
    frame = pd.DataFrame({"a": np.arange(300.0), "c": ["u", "v", "w"] * 100})
    corruption = {"name": "masking", "level": 0.2, "before": {"name": "multiscale_gaussian"}}
    recipe = kerasae.Recipe.of("denoising", latent_dim=2, model={"corruption": corruption})
    data = recipe.prepare(from_frame(frame))
    model = recipe.build(data)
    clean = data.x("train")
    noisy = np.asarray(model.corrupt(clean, training=True, seed=None, corrupt=True))
    gone = np.isnan(noisy)
    assert 0.1 < gone[:, 0].mean() < 0.3 and 0.1 < gone[:, 1].mean() < 0.3
    assert np.array_equal(noisy[~gone[:, 1], 1], clean[~gone[:, 1], 1])
    assert not np.isclose(noisy[~gone[:, 0], 0], clean[~gone[:, 0], 0]).any()


def test_a_shift_moves_all_steps_of_a_channel_together():
    x = np.random.default_rng(0).normal(size=(4000, 6, 3)).astype("float32")
    noise = spoiled(ShiftNoise(0.8, seed=0), x) - x
    np.testing.assert_allclose(noise, noise[:, :1] + np.zeros((1, 6, 1)), atol=1e-5)
    covariance = np.cov(noise[:, 0].T)
    np.testing.assert_allclose(covariance, 0.64 * np.eye(3), atol=4 * 0.64 * np.sqrt(2 / 4000))


@pytest.mark.parametrize("last", ["masking", "shift", "occlusion"])
def test_what_comes_before_acts_first_and_comes_back_from_a_config(last, x):
    layer = make(last, level=0.5, seed=3, before={"name": "gaussian", "level": 0.2, "seed": 4})
    first, second = layer.stages()
    assert isinstance(first, GaussianNoise) and type(second) is type(layer)
    layer.build(x.shape)
    expected = spoiled(second, spoiled(first, x, seed=[1, 2]), seed=[1, 2])
    np.testing.assert_array_equal(spoiled(layer, x, seed=[1, 2]), expected)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    np.testing.assert_array_equal(spoiled(again, x, seed=[1, 2]), expected)


def test_stages_of_one_class_draw_numbers_of_their_own():
    """Equal draws of three stages would add up to three times the level."""
    first = {"name": "shift", "level": 0.3}
    layer = make("shift", level=0.3, before={**first, "before": first})
    x = np.zeros((5000, 2), "float32")
    noise = [np.asarray(stage(x, seed=[7, 9])) for stage in layer.stages()]
    # The draws of a single corruption stay those of earlier trainings.
    np.testing.assert_array_equal(noise[0], make("shift", level=0.3)(x, seed=[7, 9]))
    correlations = np.corrcoef([draws.ravel() for draws in noise])
    assert np.abs(correlations - np.eye(3)).max() < 0.1
    assert np.std(layer(x, seed=[7, 9])) == pytest.approx(0.3 * np.sqrt(3), rel=0.05)
    again = type(layer).from_config(layer.get_config())
    np.testing.assert_array_equal(again(x, seed=[7, 9]), layer(x, seed=[7, 9]))


def test_stages_of_two_classes_draw_what_each_draws_alone(x):
    layer = make("masking", level=0.4, before={"name": "gaussian", "level": 0.3})
    alone = make("masking", level=0.4)(make("gaussian", level=0.3)(x, seed=[7, 9]), seed=[7, 9])
    np.testing.assert_array_equal(layer(x, seed=[7, 9]), alone)
