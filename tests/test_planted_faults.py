"""The benchmark of sines with planted faults: what it plants, what it counts, and what is found."""

import itertools

import numpy as np
import pandas as pd
import pytest
from series import planted
from series.planted import CHANNELS, FAULTS, ROWS, TRAINING, WINDOW, counted

NAMES = [fault.name for fault in FAULTS]


def alarm(first, last, channel, score=1.0):
    start = pd.Timestamp("2026-01-01") + pd.Timedelta(seconds=TRAINING)
    stamps = [str(start + pd.Timedelta(seconds=row)) for row in (first, last)]
    return dict(zip(("start", "end"), stamps, strict=True)) | {"score": score, "channel_1": channel}


def test_nothing_but_the_faults_is_planted():
    clean, faulty = planted.log(ROWS, 3, TRAINING), planted.faulty(3)
    assert clean["time"].equals(faulty["time"]) and len(faulty) == ROWS
    differs = ~(clean[list(CHANNELS)] == faulty[list(CHANNELS)]).to_numpy()
    inside = np.zeros((ROWS, len(CHANNELS)), bool)
    for fault in FAULTS:
        part = slice(fault.first, fault.first + fault.rows)
        columns = [CHANNELS.index(name) for name in fault.channels]
        assert differs[part][:, columns].mean() > 0.9, fault.name
        inside[part, columns] = True
    assert not (differs & ~inside).any()
    gaps = [fault.first - before.first - before.rows for before, fault in itertools.pairwise(FAULTS)]
    assert min(gaps) > 10 * WINDOW


def test_an_alarm_that_touches_a_fault_is_not_false_and_the_highest_one_names_it():
    spike, shift = FAULTS[0], FAULTS[1]
    alarms = [
        alarm(spike.first, spike.first + 3, "pressure", 2.0),
        alarm(spike.first + WINDOW - 1, spike.first + WINDOW, "flow", 3.0),  # the last window that holds it
        alarm(shift.first - 10, shift.first - 1, "pressure", 5.0),  # too early
        alarm(
            shift.first + shift.rows + WINDOW - 1, shift.first + shift.rows + WINDOW, "flow", 4.0
        ),  # too late
    ]
    result = counted(pd.DataFrame(alarms))
    assert result.found["spike"] == 3.0 and result.named == ["spike"]
    assert result.false == [5.0, 4.0]
    assert np.isnan([result.found[name] for name in NAMES[1:]]).all()
    nothing = counted(pd.DataFrame([alarm(0, 1, "flow")]).iloc[:0])
    assert nothing.named == nothing.false == []


@pytest.mark.slow
def test_each_fault_is_found_with_its_channel_at_few_false_alarms(tmp_path):
    """By the commands of a user, with a shorter training; the benchmark has the usual one."""
    result, _ = planted.run(0, tmp_path, "--epochs 15", "--no-baselines")
    assert result.named == NAMES
    assert len(result.false) <= 5
