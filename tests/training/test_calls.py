"""Calls of several steps: the same training as by Keras, whatever compiles it."""

import keras
import numpy as np
import pytest

from kerasae.models import UndercompleteAutoencoder
from kerasae.models._training import calls
from kerasae.models._training.distributed import MultiWorkerFit
from kerasae.training import train


def trained(build, digits, way, jit, **options):
    """Train with steps of Keras's `fit` or of `fit_calls`, and return the history and the weights."""
    keras.utils.set_random_seed(5)
    model = build("undercomplete")
    batches, steps, per_call = digits.training_batches(64, seed=3, steps_per_call=None)
    assert per_call == steps == 17
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=jit, steps_per_execution=per_call)
    held_out = digits.validation_batches()
    history = getattr(model, way)(
        batches,
        steps_per_epoch=steps,
        epochs=2,
        verbose=0,
        shuffle=False,
        validation_data=held_out,
        **options,
    )
    return model, history.history, model.get_weights()


@pytest.mark.parametrize("jit", [False, True])
def test_a_call_trains_as_keras_does(build, digits, monkeypatch, jit):
    # A program has five steps of so many bytes, and the last of four programs has two.
    monkeypatch.setattr(calls, "_BYTES", 64 * 64 * 4 * 5)
    model, history, weights = trained(build, digits, "fit_calls", jit)
    assert int(model.optimizer.iterations) == 34
    _, expected, wanted = trained(build, digits, "fit", jit)
    assert history.keys() == expected.keys()
    for key in history:
        np.testing.assert_allclose(history[key], expected[key], rtol=1e-4, err_msg=key)
    for found, right in zip(weights, wanted, strict=True):
        np.testing.assert_allclose(found, right, atol=2e-4)


def test_what_a_program_scales_itself_trains_as_what_was_scaled(build, digits, monkeypatch):
    weights = []
    for prepared in (True, False):
        keras.utils.set_random_seed(5)
        model = build("undercomplete")
        batches, steps, per_call = digits.training_batches(64, seed=3, steps_per_call=None, prepared=prepared)
        x, stored = next(iter(digits.training_batches(64, seed=3)[0])), next(iter(batches))
        assert prepared or stored.dtype == digits.train.examples.dtype != x.dtype
        np.testing.assert_array_equal(stored if prepared else digits.prepare(stored), x)
        model.compile(keras.optimizers.Adam(1e-3), jit_compile=True, steps_per_execution=per_call)
        model.fit_calls(
            batches,
            prepare=None if prepared else digits.prepare,
            steps_per_epoch=steps,
            epochs=2,
            verbose=0,
            shuffle=False,
        )
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("jit", [False, True])
def test_a_training_scales_in_the_step_only_if_it_is_compiled(build, digits, monkeypatch, jit):
    seen = []
    monkeypatch.setattr(type(digits), "prepare", lambda self, raw: seen.append(raw.dtype) or self._view(raw))
    train(build("undercomplete"), digits, epochs=1, jit_compile=jit)
    assert seen == ([digits.train.examples.dtype.name] if jit else [])


@pytest.mark.parametrize("compiled", [False, True])
def test_a_validation_is_compiled_where_it_gains(build, digits, monkeypatch, compiled):
    seen = []
    make = MultiWorkerFit.make_test_function

    def made(model, force=False):
        seen.append(model.jit_compile)
        return make(model, force)

    monkeypatch.setattr(MultiWorkerFit, "make_test_function", made)
    model, *_ = trained(build, digits, "fit_calls", jit=True, jit_validation=compiled)
    assert {*seen} == {compiled}
    # That of the user is compiled as the model was.
    model.evaluate(digits.x("test")[:8], verbose=0)
    assert seen[-1] is True


@pytest.mark.parametrize(("rows", "size"), [(64 * 64 * 4 * 5, 5), (64 * 64 * 4 * 6, 6), (1, 1), (10**9, 17)])
def test_a_program_gets_no_more_bytes_than_it_may(digits, monkeypatch, rows, size):
    monkeypatch.setattr(calls, "_BYTES", rows)
    batches, _, per_call = digits.training_batches(64, steps_per_call=None)
    assert calls.steps_in_a_call(batches, per_call) == size
    # Of an unknown number of rows there are no programs of several steps.
    assert calls.steps_in_a_call(batches.unbatch().batch(64), per_call) == 0


def test_batches_of_unknown_size_are_compiled_one_by_one(build, digits):
    model = build("undercomplete")
    batches, steps, per_call = digits.training_batches(64, steps_per_call=None)
    model.compile("adam", jit_compile=True, steps_per_execution=per_call)
    unknown = batches.unbatch().batch(64)
    model.fit_calls(unknown, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)
    assert int(model.optimizer.iterations) == steps


def test_fit_after_a_training_is_that_of_keras(build, digits):
    # 143 rows are two batches, fewer than the calls of the training had.
    model = build("undercomplete")
    train(model, digits, epochs=1)
    before = int(model.optimizer.iterations)
    model.fit(digits.x("train")[:143], batch_size=100, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == before + 4


def test_what_a_step_of_a_subclass_logs_is_kept(digits):
    class Logging(UndercompleteAutoencoder):
        def train_step(self, data):
            return {**super().train_step(data), "answer": 42.0}

    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    decoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(64), keras.layers.Reshape((8, 8, 1))])
    model = Logging(encoder, decoder)
    model.build((None, 8, 8, 1))
    batches, steps, per_call = digits.training_batches(64, steps_per_call=None)
    model.compile("adam", steps_per_execution=per_call)
    history = model.fit_calls(batches, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)
    assert history.history["answer"] == [42.0]
