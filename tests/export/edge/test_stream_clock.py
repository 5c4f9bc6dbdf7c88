"""The clock of a stream: time zones, times of day, a clock that drifts, and channels that are slow."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from kerasae.export.feeds import Reading, ReadingFeed
from kerasae.export.feeds.series import SeriesFeed
from kerasae.export.scoring.streams._grid import Grid
from kerasae.export.scoring.streams.machine import Machine

from kerasae.data.series import from_frame
from kerasae.notations import TimeOfDay
from kerasae.spec import Column, Spec, Timing

CHANNELS = (Column("flow", "number", "float64"), Column("heat", "number", "float64"))
HOUR = 3_600_000_000_000


def missing(timing, stamps):
    """Number of missing readings before each stamp; -1 where the window begins anew."""
    grid = Grid(timing)
    places = [grid.place(int(stamp)) for stamp in stamps]
    assert not any(place.left_out for place in places)
    return [-1 if place.begins else place.missing for place in places]


def test_the_hour_that_a_clock_repeats_is_no_step_back():
    utc = pd.date_range("2025-10-25 22:00", "2025-10-26 04:00", freq="15min", tz="UTC")
    local = utc.tz_convert("Europe/Berlin").tz_localize(None).as_unit("ns").asi8
    assert missing(Timing(900.0, zone="Europe/Berlin"), local) == [0] * len(local)
    assert -1 in missing(Timing(900.0), local)


def test_the_hour_that_a_clock_skips_is_no_gap():
    utc = pd.date_range("2025-03-29 23:00", "2025-03-30 04:00", freq="5min", tz="UTC")
    local = utc.tz_convert("Europe/Berlin").tz_localize(None).as_unit("ns").asi8
    assert missing(Timing(300.0, zone="Europe/Berlin"), local) == [0] * len(local)
    assert -1 in missing(Timing(300.0), local)


def test_times_of_day_go_on_after_midnight():
    times = (np.arange(-5, 5) * HOUR) % (24 * HOUR)
    clock = (Column("time", "number", "str", notation=TimeOfDay()),)
    assert missing(Timing(3600.0, clock), times) == [0] * 10


@pytest.mark.parametrize("drift", [1e-3, -1e-3])
def test_a_clock_that_drifts_leaves_no_gap(drift):
    rng = np.random.default_rng(0)
    stamps = np.arange(5000) * 1e9 * (1 + drift) + rng.uniform(-3e8, 3e8, 5000)
    assert missing(Timing(1.0), np.sort(stamps)) == [0] * 5000


def test_a_slow_channel_holds_as_in_the_log():
    """The second channel has a reading every fourth row, and fails for a while."""
    rows = np.arange(400)
    heat = np.where(rows % 4 == 0, rows / 10, np.nan)
    heat[200:220] = np.nan
    frame = pd.DataFrame({"flow": np.sin(rows), "heat": heat})
    frame.insert(0, "time", pd.date_range("2026-01-01", periods=400, freq="s"))
    data = from_frame(frame, window=6, validation=0.2, calibration=0.0, test=0.2)
    assert data.spec.timing.holds[1] > 1
    machine = Machine(SeriesFeed(data.spec, "float32"))
    log = data.train.log
    expected = np.asarray(log.readings.read(0, len(log)))
    for row, values in enumerate(frame[["flow", "heat"]].to_numpy()):
        for _ in machine.add(Reading(values), machine.place(None)):
            pass
        if not machine.needed:
            np.testing.assert_array_equal(machine.raw[0], expected[row - 5 : row + 1])
    assert np.isnan(expected[210, 1])


def test_a_channel_far_from_zero_is_counted_from_its_origin():
    spec = Spec("series", (3, 2), "float64", channels=CHANNELS, timing=Timing(1.0))
    origin = np.broadcast_to([1e9, 0.0], (3, 2))
    feed = SeriesFeed(spec, "float32", origin)
    machine = Machine(feed)
    rows = np.array([[1e9 + 0.25, 1.0], [1e9 - 1.5, np.nan], [1e9, 2.0]])
    for row in rows:
        [*machine.add(Reading(row), machine.place(None))]
    np.testing.assert_array_equal(machine.sent["x"], feed(rows[None])["x"])
    np.testing.assert_array_equal(machine.raw[0], rows)


def test_entries_are_read_by_the_notations_of_the_training():
    frame = pd.DataFrame(
        {"time": pd.date_range("2026-01-01", periods=200, freq="min").strftime("%d.%m.%Y %H:%M")}
    )
    frame["flow"] = [f"{value:.2f}".replace(".", ",") for value in np.sin(np.arange(200))]
    frame["on"] = np.where(np.arange(200) % 3, "yes", "no")
    data = from_frame(frame, time="time", window=4)
    feed = ReadingFeed(data.spec)
    assert [*feed.columns(["on", "time", "flow"])] == ["flow", "on", "time"]
    (reading,) = feed.of_entries([["0,25", "yes", "01.01.2026 00:07"]])
    np.testing.assert_array_equal(reading.values, [0.25, 1.0])
    assert reading.time == pd.Timestamp("2026-01-01 00:07").value
    (reading,) = feed.of_values([{"flow": None, "on": False, "time": "01.01.2026 00:08"}])
    np.testing.assert_array_equal(reading.values, [np.nan, 0.0])


def test_facts_hold_what_a_stream_needs():
    timing = Timing(2.0, (Column("time", "date", "str"),), (1, 4), "UTC", longest_gap=9, group="machine")
    spec = dataclasses.replace(Spec("series", (3, 2), channels=CHANNELS), timing=timing)
    assert Spec.from_dict(spec.to_dict()).timing == timing
    feed = ReadingFeed(spec)
    feed.columns(["flow", "heat", "machine"])
    (reading,) = feed.of_entries([["1", "2", "m 7"]])
    assert reading.group == "m 7"
