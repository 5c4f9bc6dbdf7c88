"""The battery that every family must pass; a new file in kerasae/models is a new case here."""

import json
import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae import registry
from kerasae.layers import NoiseLayer

FAMILIES = registry.names("model")

#: Arguments away from their defaults, so that one that is lost on the way is seen.
VARIANTS = {
    "undercomplete": {
        "code_activation": "tanh",
        "code_initializer": "he_normal",
        "code_steps": [0.1, 0.3],
    },
    "sparse": {"penalty": "kl", "rho": 0.3, "momentum": 0.5, "weight": 0.2, "k": 3, "active_threshold": 0.2},
    "contractive": {"weight": 0.02, "probes": 2, "code_activation": "sigmoid"},
    "denoising": {"corruption": "masking", "level": 0.4, "code_activation": "tanh"},
    "variational": {"beta": 0.7, "warmup_steps": 9, "free_bits": 0.05},
}


def variants():
    for family in FAMILIES:
        yield pytest.param(family, {}, id=family)
        if family in VARIANTS:
            yield pytest.param(family, VARIANTS[family], id=f"{family}-variant")
    yield pytest.param("variational", {"importance_samples": 3}, id="variational-importance")
    yield pytest.param("sparse", {"lifetime": 0.2, "k": 4}, id="sparse-lifetime")
    composed = {"corruption": "gaussian", "contraction": 0.01, "code_penalty": {"name": "l1", "weight": 0.02}}
    yield pytest.param("variational", composed, id="variational-composed")
    yield pytest.param("denoising", {"contraction": 0.01, "code_penalty": "l1"}, id="denoising-composed")


every_variant = pytest.mark.parametrize(("family", "arguments"), list(variants()))
#: The same, where the plain suite sees each family once.
variants_slowly = pytest.mark.parametrize(
    ("family", "arguments"),
    [
        pytest.param(*each.values, id=each.id, marks=[pytest.mark.slow] * (each.id not in FAMILIES))
        for each in variants()
    ],
)
every_family = pytest.mark.parametrize("family", FAMILIES)
#: The same for what takes seconds: the plain suite sees the simplest family and the least simple.
families_slowly = pytest.mark.parametrize(
    "family",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name not in ("undercomplete", "variational")))
        for name in FAMILIES
    ],
)


@every_variant
def test_config_covers_the_signature_and_survives_json(build, family, arguments):
    model = build(family, model=arguments)
    config = model.get_config()
    missing = set(registry.parameters(type(model))) - set(config)
    assert not missing
    for name, value in arguments.items():
        if name not in ("corruption", "contraction", "code_penalty"):
            assert config[name] == value
    text = json.dumps(keras.saving.serialize_keras_object(model))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert json.loads(json.dumps(again.get_config())) == json.loads(json.dumps(config))


@pytest.mark.parametrize(
    ("family", "arguments", "l2"),
    [
        ("undercomplete", {}, 0.0),
        *(
            pytest.param(
                *each.values, 1e-3, id=f"{each.id}-l2", marks=[pytest.mark.slow] * (each.id not in FAMILIES)
            )
            for each in variants()
        ),
    ],
)
def test_loss_is_the_sum_of_its_logged_terms(build, x, family, arguments, l2):
    model = build(family, model=arguments, network={"l2": l2})
    model.compile("adam", jit_compile=False)
    weights = np.linspace(0.5, 2.0, 256, dtype="float32")
    history = model.fit(
        x[:256],
        sample_weight=weights,
        epochs=2,
        batch_size=96,
        verbose=0,
        validation_data=(x[256:400], None),
    ).history
    terms = ["reconstruction", *(penalty.name for penalty in model.penalties())]
    terms += ["regularization"] if l2 else []
    assert set(terms) <= set(history)
    assert ("regularization" in history) == bool(l2)
    for prefix in ("", "val_"):
        # Means of float32 sums of about 10, over three batches.
        total = sum(np.array(history[prefix + term]) for term in terms)
        np.testing.assert_allclose(history[prefix + "loss"], total, rtol=2e-6, atol=2e-6)
    if l2:
        kernels = [variable for variable in model.trainable_variables if variable.name == "kernel"]
        assert len(kernels) == (5 if family == "variational" else 4)
        squares = sum(float(np.square(kernel).sum()) for kernel in kernels)
        assert history["val_regularization"][-1] == pytest.approx(l2 * squares, rel=1e-5)
    for penalty in model.penalties():
        if penalty.weight and penalty.name != "tightening":
            assert abs(history["val_" + penalty.name][-1]) > 0
    if "importance_samples" in arguments:
        # Its first term is a mean over several draws, which families/test_variational.py compares.
        return
    # And the first term is what it says it is.
    rows = x[256:400]
    seed = np.array(model.validation_seed, "int32")
    found = np.mean(model.reconstruction_loss.per_example(rows, model(rows, seed=seed)))
    assert model.evaluate(rows, batch_size=200, verbose=0, return_dict=True)[
        "reconstruction"
    ] == pytest.approx(found, rel=1e-5)


@families_slowly
def test_weights_count_in_every_form(build, x, family):
    model = build(family)
    model.compile("sgd", jit_compile=False)
    rows, weights = x[:96], np.linspace(0.2, 1.5, 96, dtype="float32")

    def logs(*data, **options):
        return model.evaluate(*data, batch_size=96, verbose=0, return_dict=True, **options)

    plain, weighted = logs(rows), logs(rows, sample_weight=weights)
    # Keras divides by the rows, not by the weights. Noise stays on: no target is no pair.
    seed = np.array(model.validation_seed, "int32")
    per_example = model.reconstruction_loss.per_example(rows, model(rows, seed=seed))
    assert weighted["reconstruction"] == pytest.approx(np.mean(per_example * weights), rel=1e-4)
    assert weighted["reconstruction"] != pytest.approx(plain["reconstruction"], rel=1e-3)
    assert logs(rows, rows, sample_weight=weights) == pytest.approx(weighted, rel=1e-5)
    if model.corruption is None:
        batches = tf.data.Dataset.from_tensor_slices((rows, rows, weights)).batch(96)
        found = model.evaluate(batches, verbose=0, return_dict=True)
        assert found == pytest.approx(weighted, rel=1e-5)
    history = model.fit(
        rows, epochs=1, batch_size=96, verbose=0, validation_data=(rows, None, weights)
    ).history
    assert history["val_reconstruction"][0] == pytest.approx(
        logs(rows, sample_weight=weights)["reconstruction"], rel=1e-5
    )
    # Rows of no weight teach nothing.
    before = [variable.numpy() for variable in model.trainable_variables]
    model.fit(rows, epochs=1, batch_size=32, verbose=0, sample_weight=np.zeros(96, "float32"))
    for old, new in zip(before, model.trainable_variables, strict=True):
        np.testing.assert_allclose(new, old, atol=1e-7)


@variants_slowly
def test_learns(build, x, family, arguments):
    model = build(family, model=arguments)
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    before = model.evaluate(x[-300:], verbose=0, return_dict=True)["reconstruction"]
    model.fit(x[:512], epochs=15, batch_size=64, verbose=0)
    after = model.evaluate(x[-300:], verbose=0, return_dict=True)["reconstruction"]
    assert after < before - 0.25 * abs(before)


@pytest.mark.slow
@variants_slowly
def test_xla_computes_the_same(build, x, family, arguments):
    losses = []
    for jit in (False, True):
        keras.utils.set_random_seed(3)
        model = build(family, model=arguments)
        model.compile(keras.optimizers.SGD(1e-3), jit_compile=jit)
        history = model.fit(x[:128], epochs=2, batch_size=64, verbose=0, shuffle=False).history
        losses.append(history["loss"])
    noisy = any(isinstance(layer, NoiseLayer) for layer in model._flatten_layers())
    # Sums are taken in another order; and XLA draws other noise from the same seed.
    np.testing.assert_allclose(*losses, rtol=0.08 if noisy else 1e-4)


@families_slowly
def test_trains_in_mixed_precision(build, x, family):
    # Not bfloat16: TensorFlow 2.21 dies of an illegal instruction on processors that report AMX while
    # the system does not let a process use it, as some virtual machines do.
    policy = "mixed_float16"
    model = build(family, network={"dtype": policy})
    full = build(family)
    # Not Adam, which would move the weights as far without any scaling of the loss.
    model.compile(keras.optimizers.SGD(1e-3), jit_compile=False)
    full.compile("adam", jit_compile=False)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    before = [np.array(weight) for weight in model.get_weights()]
    first = model.fit(x[:256], epochs=6, batch_size=32, verbose=0).history["loss"]
    assert np.isfinite(first).all()
    assert first[-1] < first[0]
    assert all(weight.dtype == "float32" for weight in model.trainable_variables)
    assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(before, model.get_weights(), strict=True))
    # Half precision has 11 bits: the same loss to about a percent from equal weights.
    full.set_weights(model.get_weights())
    a, b = (m.evaluate(x[:256], verbose=0, return_dict=True)["reconstruction"] for m in (model, full))
    assert a == pytest.approx(b, rel=0.05, abs=0.5)


@families_slowly
def test_the_models_own_policy_may_be_mixed(build, x, family):
    keras.config.set_dtype_policy("mixed_float16")
    model = build(family, network={"dtype": "mixed_float16"})
    model.compile("adam")
    losses = model.fit(x[:128], epochs=2, batch_size=64, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert model.predict(x[:2], verbose=0).dtype == "float32"


@every_family
def test_a_build_leaves_the_generators_of_the_caller(build, family):
    """It seeded Python and NumPy for all that came after it."""
    states = []
    for _ in range(2):
        random.seed(3)
        np.random.seed(3)
        build(family)
        states.append((random.random(), np.random.random()))
        random.seed(3)
        np.random.seed(3)
        states.append((random.random(), np.random.random()))
    assert len(set(states)) == 1


@pytest.mark.slow
@every_family
def test_same_seed_same_weights(build, x, family):
    def weights(seed):
        model = build(family, train={"seed": seed})
        model.fit(x[:128], epochs=2, batch_size=64, verbose=0)
        return np.concatenate([np.ravel(weight) for weight in model.get_weights()])

    assert np.array_equal(weights(5), weights(5))
    assert not np.array_equal(weights(5), weights(6))


@every_variant
def test_inference_is_deterministic(build, x, family, arguments):
    model = build(family, model=arguments)
    assert np.array_equal(model.encode(x[:9]), model.encode(x[:9]))
    assert np.array_equal(model(x[:9]), model(x[:9]))
    one, two = (model.evaluate(x[:99], verbose=0) for _ in range(2))
    assert one == two


@every_family
def test_codec_verbs(build, digits, family):
    model = build(family)
    raw = digits.test.examples[:7]
    codes = model.transform(raw)
    assert codes.shape == (7, 4)
    assert codes.dtype == "float32"
    rebuilt = model.inverse_transform(codes)
    assert rebuilt.shape == raw.shape
    assert rebuilt.dtype == raw.dtype
    assert rebuilt.max() <= 16
    x = digits.x("test")[:7]
    np.testing.assert_allclose(codes, model.encode(x), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.predict(x, verbose=0), model.decode(codes), rtol=1e-4, atol=1e-5)
    # The bits of a matrix product depend on the number of rows on some processors.
    np.testing.assert_allclose(model.transform(raw, batch_size=3), codes, rtol=0, atol=1e-6)


@every_family
def test_zero_weight_rows_do_not_count(build, x, family):
    """The gradient of a batch with weights 0 and 2 is that of the rows that are kept."""
    model = build(family)
    kept = model.objective(x[:32], None, None, training=False)
    half = np.repeat([2.0, 0.0], 32).astype("float32")
    weighted = model.objective(x[:64], None, half, training=False)
    assert float(weighted[0]) == pytest.approx(float(kept[0]), rel=1e-5)


@families_slowly
def test_keras_around_it_still_works(build, x, family):
    model = build(family)
    model.compile(
        keras.optimizers.Adam(1e-3, gradient_accumulation_steps=2),
        metrics=["mae"],
        steps_per_execution=2,
        jit_compile=False,
    )
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(dict(logs)))
    dataset = tf.data.Dataset.from_tensor_slices(x[:128]).batch(32)
    model.fit(dataset, epochs=2, validation_data=dataset, callbacks=[callback], verbose=0)
    assert {"loss", "mae", "val_loss", "val_mae"} <= set(seen[-1])
    seed = np.array(model.validation_seed, "int32")
    batches = [x[start : start + 32] for start in range(0, 128, 32)]
    # A metric compares reconstructions with targets, also where the decoder gives more numbers.
    errors = [
        np.abs(model.reconstruction_loss.mean(model(batch, seed=seed)) - batch).mean() for batch in batches
    ]
    assert seen[-1]["val_mae"] == pytest.approx(np.mean(errors), rel=1e-4)


@every_family
def test_labels_as_targets_are_refused(build, x, digits, family):
    model = build(family)
    with pytest.raises(ValueError, match=r"leave labels out of `fit`"):
        model.fit(x[:64], digits.train.labels[:64], verbose=0)


@every_family
def test_another_loss_is_refused(build, family):
    with pytest.raises(ValueError, match="reconstruction_loss"):
        build(family).compile("adam", loss="mse")


@families_slowly
def test_compile_is_restored(build, x, family, tmp_path):
    model = build(family)
    model.compile(keras.optimizers.Adam(3e-4))
    model.fit(x[:64], verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert float(again.optimizer.learning_rate) == pytest.approx(3e-4)
    assert model.evaluate(x[:64], verbose=0) == again.evaluate(x[:64], verbose=0)
    model.fit(x[:128], verbose=0, shuffle=False)
    again.fit(x[:128], verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


LOAD = """
import sys, json, numpy as np, keras
import kerasae.models
folder = sys.argv[1]
for name in json.loads(sys.argv[2]):
    model = keras.saving.load_model(f"{folder}/{name}.keras")
    raw = np.load(f"{folder}/raw.npy")
    codes = model.transform(raw)
    np.savez(f"{folder}/{name}.npz", codes=codes, raw=model.inverse_transform(codes))
"""

PLAIN = """
import sys, json, numpy as np, keras
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("kerasae"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
folder = sys.argv[1]
for name in json.loads(sys.argv[2]):
    encoder = keras.saving.load_model(f"{folder}/{name}.encoder.keras")
    decoder = keras.saving.load_model(f"{folder}/{name}.decoder.keras")
    codes = encoder.predict(np.load(f"{folder}/raw.npy"), verbose=0)
    np.savez(f"{folder}/{name}.plain.npz", codes=codes, raw=decoder.predict(codes, verbose=0))
"""


@pytest.mark.slow
def test_fresh_processes_give_equal_bits(build, digits, tmp_path, run_python):
    """Saved models load by `keras.saving.load_model` alone, in safe mode, and compute the same bits;
    plain encoders and decoders load where kerasae cannot be imported at all."""
    raw = digits.test.examples[:50]
    np.save(tmp_path / "raw.npy", raw)
    models = {}
    for number, parameter in enumerate(variants()):
        family, arguments = parameter.values
        network = {"tied": number % 2 == 0 and arguments.get("importance_samples") is None}
        models[parameter.id] = build(family, model=arguments, network=network)
        models[parameter.id].save(tmp_path / f"{parameter.id}.keras")
        models[parameter.id].plain_encoder().save(tmp_path / f"{parameter.id}.encoder.keras")
        models[parameter.id].plain_decoder().save(tmp_path / f"{parameter.id}.decoder.keras")
    run_python(LOAD, tmp_path, json.dumps(list(models)))
    run_python(PLAIN, tmp_path, json.dumps(list(models)))
    for name, model in models.items():
        codes = model.transform(raw)
        with np.load(tmp_path / f"{name}.npz") as loaded:
            np.testing.assert_array_equal(loaded["codes"], codes)
            np.testing.assert_array_equal(loaded["raw"], model.inverse_transform(codes))
        with np.load(tmp_path / f"{name}.plain.npz") as plain:
            np.testing.assert_allclose(plain["codes"], codes, rtol=1e-5, atol=1e-5)
            expected = model.preprocessor.inverse(model.decode(codes))
            np.testing.assert_allclose(plain["raw"], expected, rtol=1e-4, atol=1e-4)


REPLICAS = """
import os, sys, json, numpy as np, tensorflow as tf, keras
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from kerasae import Recipe
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
for family, arguments in json.loads(sys.argv[1]):
    recipe = Recipe.of(family, latent_dim=4, network={"widths": [16]}, model=arguments)
    data = recipe.load()
    x = data.x("train")[:256]
    rows = {}
    for name, scope in (("one", tf.distribute.get_strategy()), ("two", strategy)):
        with scope.scope():
            model = recipe.build(data)
            model.compile(keras.optimizers.SGD(1e-3), jit_compile=False)
        # Weights of the same seed: the sum over replicas must be the whole.
        rows[name] = model.evaluate(x, batch_size=128, verbose=0, return_dict=True)
        history = model.fit(x, epochs=2, batch_size=128, verbose=0, shuffle=False).history
        rows[name + "_fit"] = {key: values[-1] for key, values in history.items()}
        if name == "two":
            for wrong in ({"jit_compile": True}, {"steps_per_execution": 4}):
                try:
                    with scope.scope():
                        model.compile("adam", **wrong)
                except ValueError as error:
                    assert "Keras cannot combine" in str(error)
                else:
                    raise SystemExit(f"{wrong} was accepted")
            try:
                with scope.scope():
                    model.compile(keras.optimizers.Adam(gradient_accumulation_steps=2))
            except ValueError as error:
                assert "gradient accumulation" in str(error)
            else:
                raise SystemExit("accumulation was accepted")
    print("RESULT", json.dumps([family, rows]))
"""


@pytest.mark.slow
def test_two_devices_compute_what_one_does(run_python):
    cases = [[family, {}] for family in FAMILIES] + [["variational", {"importance_samples": 2}]]
    output = run_python(REPLICAS, json.dumps(cases))
    results = [json.loads(line[7:]) for line in output.splitlines() if line.startswith("RESULT ")]
    assert len(results) == len(cases)
    for family, rows in results:
        noisy = family in ("denoising", "variational")
        # Noise differs by replica, so there the two agree in distribution alone.
        tolerance = 0.1 if noisy else 1e-4
        for kind in ("", "_fit"):
            one, two = rows["one" + kind], rows["two" + kind]
            assert set(one) == set(two)
            for key in one:
                # What importance samples gain is the difference of two noisy bounds.
                share = 0.3 if key == "tightening" else tolerance
                assert two[key] == pytest.approx(one[key], rel=share, abs=0.15 if noisy else 1e-4), (
                    family,
                    key,
                )
