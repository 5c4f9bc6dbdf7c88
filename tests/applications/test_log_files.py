"""What applications write of windows: the rows of the log again."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import FEW
from small_logs import sines

from kerasae import Recipe
from kerasae.applications._log_files import LogFile
from kerasae.applications.compression import Compression
from kerasae.applications.compression._bitstream import sizes
from kerasae.applications.denoising import Denoising
from kerasae.applications.imputation import Imputer
from kerasae.data.series import from_frame
from kerasae.data.series.layout import layout_of, windows_at


@FEW
@given(st.integers(1, 9), st.integers(1, 12), st.sets(st.integers(0, 59), max_size=8))
def test_windows_become_the_rows_of_their_log(tmp_path_factory, window, size, gaps):
    frame = sines(60, gaps=gaps).drop(index=range(20, 29)).reset_index(drop=True)
    data = from_frame(frame, time="time", window=window, test=1)
    path = tmp_path_factory.mktemp("log") / "again.csv"
    file = LogFile(path, data.test, data.spec)
    for part in data.test.chunks(size):
        file.add(part)
    file.close()
    again = pd.read_csv(path, parse_dates=["time"])
    assert list(again.columns) == ["time", "flow", "pressure"]
    assert np.array_equal(again["time"], frame["time"])
    np.testing.assert_allclose(again[["flow", "pressure"]], frame[["flow", "pressure"]].astype("float32"))


@pytest.fixture(scope="module")
def trained():
    frame = sines(1500, gaps=[*range(1350, 1353), 1400])
    recipe = Recipe.of("undercomplete", latent_dim=4, network={"name": "dense", "widths": [32]})
    data = recipe.prepare(from_frame(frame, time="time", window=10))
    model = recipe.build(data)
    model.fit(data.x("train"), epochs=30, verbose=0)
    return frame, data, model


def test_filled_readings_of_integers_are_whole(tmp_path):
    frame = sines(600)
    frame["flow"] = (
        (20 * frame["flow"]).round().astype("Int64").mask(np.random.default_rng(0).random(600) < 0.1)
    )
    recipe = Recipe.of("undercomplete", latent_dim=4, network={"name": "dense", "widths": [8]})
    data = recipe.prepare(from_frame(frame, time="time", window=10))
    assert [channel.dtype for channel in data.spec.channels] == ["Int64", "float64"]
    imputer = Imputer(recipe.build(data)).fit(data)
    windows = data.test.head(50)
    gaps = np.isnan(windows[..., 0])
    filled = imputer.transform(windows)
    assert gaps.any() and (filled[..., 0] % 1 == 0).all() and (filled[..., 1] % 1 != 0).any()
    imputer.report(data, tmp_path)
    written = pd.read_csv(tmp_path / "filled.csv")
    assert (written["flow"] % 1 == 0).all() and (written["pressure"] % 1 != 0).any()


def test_only_filled_readings_of_integers_are_rounded(tmp_path):
    """A reading of a log that was resampled to a longer step may be the mean of 2 and 3."""
    frame = sines(12).astype({"flow": "float64"}).assign(flow=range(12))
    data = from_frame(frame, time="time", window=2, test=1)
    windows = data.test.head(11) + np.float32(0.25)
    file = LogFile(tmp_path / "log.csv", data.test, data.spec)
    file.add(windows[:3], np.arange(12).reshape(3, 2, 2) < 2)
    file.close()
    written = pd.read_csv(tmp_path / "log.csv")
    assert written["flow"].tolist()[:3] == [0.0, 1.25, 2.25]


def test_channels_may_have_the_names_of_added_columns(tmp_path):
    frame = sines(24).rename(columns={"time": "stamp", "flow": "time", "pressure": "recording"})
    frame["machine"] = np.arange(24) // 12
    data = from_frame(frame, time="stamp", group="machine", window=2, test=1)
    file = LogFile(tmp_path / "log.csv", data.test, data.spec)
    file.add(data.test.examples)
    file.close()
    written = pd.read_csv(tmp_path / "log.csv")
    assert [*written] == ["recording_", "time_", "time", "recording"]
    np.testing.assert_allclose(written["time"], frame["time"], rtol=1e-6)


def test_gaps_are_filled_in_the_log(trained, tmp_path):
    frame, data, model = trained
    Imputer(model).fit(data).report(data, tmp_path)
    filled = pd.read_csv(tmp_path / "filled.csv", parse_dates=["time"]).set_index("time")
    given_rows = frame.set_index("time").loc[filled.index]
    missing = given_rows["flow"].isna()
    assert missing.sum() == 4
    np.testing.assert_allclose(filled[~missing], given_rows[~missing], rtol=1e-6)
    truth = sines(1500).set_index("time").loc[filled.index[missing.to_numpy()], "flow"]
    assert np.abs(filled["flow"][missing] - truth).max() < 0.4


def test_a_smoothed_log_is_nearer_to_the_truth(trained, tmp_path):
    _, data, model = trained
    Denoising(model).fit(data).report(data, tmp_path)
    clean = pd.read_csv(tmp_path / "clean.csv", parse_dates=["time"]).set_index("time")
    truth = sines(1500, noise=0).set_index("time").loc[clean.index]
    noisy = sines(1500).set_index("time").loc[clean.index]
    assert np.square(clean - truth)["flow"].mean() < 0.7 * np.square(noisy - truth)["flow"].mean()


def test_a_log_is_stored_once(trained):
    _, data, model = trained
    compressor = Compression(model).fit(data)
    figures = compressor.report(data, None).figures
    apart = data.test.apart()
    packed = compressor.compress(apart.examples)
    # The time stamps count.
    assert len(packed) + 20 < figures["bytes"] < data.test.examples.nbytes / 20
    again = compressor.decompress(packed)
    assert np.array_equal(np.isnan(again), np.isnan(apart.examples))
    x, rebuilt = (data.to_x(raw) for raw in (apart.examples, again))
    assert np.nanmean(np.square(x - rebuilt)) < 0.1


def test_a_stored_log_comes_back_with_its_stamps(trained, tmp_path):
    frame, data, model = trained
    compressor = Compression(model).fit(data)
    for name in ("stored", "restored"):
        (tmp_path / name).mkdir()
    figures = compressor.report(data, tmp_path / "stored").figures
    file = tmp_path / "stored" / "compressed.kae"
    assert file.stat().st_size == figures["bytes"]
    assert sizes(file.read_bytes())["time stamps"] > 20
    restored = Compression(model).restore(file, tmp_path / "restored")
    assert restored.figures["bytes"] == figures["bytes"]
    again = pd.read_csv(tmp_path / "restored" / "restored.csv", parse_dates=["time"]).set_index("time")
    # All rows of the test part, each once, and a missing reading stays missing.
    tested = frame["time"].iloc[data.test.last_rows().min() - 9 : data.test.last_rows().max() + 1]
    assert np.array_equal(again.index, tested)
    given_rows = frame.set_index("time").loc[again.index]
    assert np.array_equal(again.isna(), given_rows.isna())
    assert np.nanmean(np.square(again - given_rows)["flow"]) < 0.1
    # A file without stamps is of the first version.
    assert compressor.compress(data.test.apart().examples)[4] == 1 and file.read_bytes()[4] == 2


@FEW
@given(st.integers(2, 9), st.integers(1, 4), st.sampled_from(["1s", "250ms"]), st.booleans(), st.booleans())
def test_windows_know_their_time_without_their_readings(window, stride, step, zoned, apart):
    some = pd.concat([sines(60).assign(unit="a").drop(index=range(20, 29)), sines(50).assign(unit="b")])
    some["time"] = pd.Timestamp("2026-03-29") + (some["time"] - some["time"].min()) * (
        pd.Timedelta(step) / pd.Timedelta("1s")
    )
    zone = {"zone": "Europe/Paris"} if zoned else {}
    data = from_frame(some, time="time", group="unit", window=window, stride=stride, test=1, **zone)
    for split in (data.test, data.test.rows(slice(3, None, 2)), data.test.rows([2, 0, 1])):
        split = split.apart() if apart else split
        other = windows_at(layout_of(split), data.spec)
        assert len(other) == len(split) and np.array_equal(other.times, split.times)
        assert np.array_equal(other.recordings, split.recordings)
        if other.several:
            assert other.stamps == split.stamps


def test_a_layout_that_contradicts_itself_is_refused(trained):
    _, data, _ = trained
    whole = json.loads(layout_of(data.test))
    for place, wrong in ((3, [[0, 10**6, 1]]), (3, [[-1, 2, 1]]), (3, []), (2, [["a"]]), (3, [[0, 0, 1]])):
        text = json.dumps([*whole[:place], wrong, *whole[place + 1 :]])
        with pytest.raises(ValueError, match="Expected where windows lie in time"):
            windows_at(text, data.spec)
    with pytest.raises(ValueError, match="Expected where windows lie in time"):
        windows_at("nothing", data.spec)
