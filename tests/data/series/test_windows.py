"""Windows of a log: what is gathered, in memory and streamed, is what stands in the log."""

import dataclasses

import numpy as np
import pytest
from small_logs import sines

from kerasae import Recipe
from kerasae.data import load_data
from kerasae.data.series import _windows, from_frame
from kerasae.data.series._starts import Run, Starts
from kerasae.data.series._windows import Windows
from kerasae.preprocessing.series import SeriesPreprocessing


@pytest.fixture(scope="module")
def data():
    frame = sines(gaps=range(40, 43))
    frame["odd"] = (frame.index % 7 == 0).astype(int)
    return from_frame(frame, time="time", labels="odd", window=20)


@pytest.fixture(scope="module")
def stored(data, tmp_path_factory):
    """The same data from a log in a file."""
    frame = sines(gaps=range(40, 43))
    frame["odd"] = (frame.index % 7 == 0).astype(int)
    path = tmp_path_factory.mktemp("log") / "plant.csv"
    frame.to_csv(path, index=False)
    return load_data(path, time="time", labels="odd", window=20, stream=True)


def fitted(data):
    return Recipe.of().prepare(data)


@pytest.mark.parametrize("stride", [1, 3, 20, 30])
def test_a_block_counts_the_successive_windows_that_share_a_reading(stride):
    split = from_frame(sines(gaps=()), time="time", window=20, stride=stride).train
    first, *later = split.last_rows()
    assert split.block == 1 + sum(row - first < split.steps for row in later)


def test_a_window_is_what_stands_in_the_log(data):
    frame = sines(gaps=range(40, 43))
    split = data.train
    rows = split.last_rows()
    values = frame[["flow", "pressure"]].to_numpy("float32")
    for number in (0, 25, len(split) - 1):
        expected = values[rows[number] - 19 : rows[number] + 1]
        np.testing.assert_allclose(split.rows([number]).examples[0], expected, rtol=1e-6)
    assert np.isnan(split.examples[30]).sum() == 3
    assert np.array_equal(split.labels, (rows % 7 == 0).astype(int))


def test_a_stored_log_gives_the_same_windows(data, stored):
    assert stored.streamed and not data.streamed
    assert stored.rows == data.rows
    for name in data.rows:
        ours, theirs = data.split(name), stored.split(name)
        np.testing.assert_array_equal(ours.examples, theirs.examples)
        np.testing.assert_array_equal(ours.labels, theirs.labels)
        some = np.array([3, 5, 6])
        np.testing.assert_array_equal(ours.rows(some).examples, theirs.rows(some).examples)
    np.testing.assert_array_equal(fitted(data).preprocessor.mean, fitted(stored).preprocessor.mean)


def test_an_epoch_has_every_window_once(data, stored):
    for one in (fitted(data), fitted(stored)):
        count = len(one.train)
        batches, steps, _ = one.training_batches(1, seed=3)
        seen = np.concatenate([batch.numpy() for batch in batches.take(steps)])
        assert steps == count
        expected = one.to_x(one.train.examples)
        order = [np.lexsort(np.nan_to_num(x).reshape(count, -1).T) for x in (seen, expected)]
        np.testing.assert_allclose(seen[order[0]], expected[order[1]], atol=1e-6)
        again, _, _ = one.training_batches(1, seed=3)
        np.testing.assert_array_equal(seen, np.concatenate([b.numpy() for b in again.take(steps)]))


def test_validation_comes_in_order(data, stored):
    for one in (fitted(data), fitted(stored)):
        batches = [batch.numpy() for batch in one.validation_batches(10)]
        np.testing.assert_allclose(np.concatenate(batches), one.to_x(one.validation.examples), atol=1e-6)
        assert len({len(batch) for batch in batches[:-1]}) <= 1


def test_windows_of_two_splits_are_joined(data):
    joined = data.joined()
    expected = np.concatenate([data.train.examples, data.validation.examples])
    np.testing.assert_array_equal(joined.train.examples, expected)
    few = data.train.drawn(5, 1).joined(data.validation.drawn(4, 1))
    assert len(few) == 9
    np.testing.assert_array_equal(few.examples[5:], data.validation.drawn(4, 1).examples)
    np.testing.assert_array_equal(few.rows([8, 2]).examples, few.examples[[8, 2]])


def test_windows_for_a_preprocessor_do_not_overlap(data):
    train = data.train
    apart = train.apart()
    assert len(apart) == -(-len(train) // 20) + 1
    np.testing.assert_array_equal(apart.examples[:-1], train.examples[::20])
    np.testing.assert_array_equal(apart.examples[-1], train.examples[-1])


class Counting:
    """Readings of a log in a file, which notes how many rows each reading asks for."""

    in_memory = None

    def __init__(self, log):
        self._log, self.asked = log, []

    def __len__(self):
        return len(self._log)

    def read(self, first, count):
        self.asked.append(count)
        return self._log.readings.read(first, count)


def test_far_windows_are_not_read_together(data):
    log = data.train.log
    readings = Counting(log)
    starts = Starts((Run(0, 1, 1), Run(590, 1, 1)))
    far = Windows(dataclasses.replace(log, readings=readings), 2, starts, None)
    np.testing.assert_array_equal(far.examples[1], log.readings.read(590, 2))
    assert sum(readings.asked) <= 4


def test_a_few_windows_of_a_long_log_do_not_read_it_at_once(data, monkeypatch):
    """Before: 5,000 windows drawn from millions, each near the next, were read as one piece of the log."""
    log = data.train.log
    drawn = Windows(log, 2, Starts((Run(0, 590, 1),)), None).drawn(60)
    expected = drawn.examples
    readings = Counting(log)
    monkeypatch.setattr(_windows, "_SPAN", 100)
    again = dataclasses.replace(drawn, log=dataclasses.replace(log, readings=readings))
    np.testing.assert_array_equal(again.examples, expected)
    assert len(readings.asked) == 6 and max(readings.asked) <= 100 + 1


def test_the_preprocessor_ignores_what_is_missing(data):
    raw = data.train.examples
    fit = SeriesPreprocessing(data.spec).fit(raw)
    readings = raw.reshape(-1, 2).astype("float64")
    np.testing.assert_allclose(fit.mean, np.nanmean(readings, axis=0))
    np.testing.assert_allclose(fit.std, np.nanstd(readings, axis=0))
    x = fit.to_x(raw)
    assert np.array_equal(np.isnan(x), np.isnan(raw))
    np.testing.assert_allclose(fit.restore(x), raw, rtol=1e-6)
    # The flow has gaps in training, the pressure has none.
    flow, pressure = fit.spec.channels
    assert flow.stand_in is None and pressure.stand_in == 0.0
    assert pressure.gap > flow.gap
    again = SeriesPreprocessing.from_config(fit.get_config())
    np.testing.assert_array_equal(again.to_x(raw), x)
    assert again.spec == fit.spec


def test_a_channel_without_readings_is_refused(data):
    raw = data.train.examples.copy()
    raw[..., 1] = np.nan
    with pytest.raises(ValueError, match="received none of 'pressure'; leave it out"):
        SeriesPreprocessing(data.spec).fit(raw)
    with pytest.raises(ValueError, match="Expected a channel that varies"):
        SeriesPreprocessing(data.spec).fit(np.ones_like(raw))


def test_a_gross_error_does_not_count(data):
    raw = data.train.examples.copy()
    raw[7, 3, 1] = 1e9
    with pytest.warns(UserWarning, match="channel 'pressure'"):
        fit = SeriesPreprocessing(data.spec).fit(raw)
    assert fit.std[1] < 10
    assert fit.gross == [0, 1]
    _, high = fit.reach
    assert np.isfinite(high[:, 1]).all() and np.isinf(high[:, 0]).all()


def test_a_window_is_one_period_by_default():
    for period in (25, 60):
        assert from_frame(sines(1500, period), time="time").spec.shape == (period, 2)
    rng = np.random.default_rng(0)
    frame = sines(1500)
    frame["flow"], frame["pressure"] = rng.normal(size=(2, 1500))
    assert from_frame(frame, time="time").spec.shape == (64, 2)
