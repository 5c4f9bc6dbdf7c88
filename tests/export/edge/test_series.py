"""Windows of a sensor log: what is written of their model in every form, and what clients are told."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from edge_detectors import with_detector
from kerasae.export import Single, TFLite, bundle, calibrate_bundle, verify
from kerasae.export.feeds import feed_of
from kerasae.export.parity._scores import reason_measures
from kerasae.export.verify_edge import compare_output
from kerasae.export.views import edge_view

from kerasae.calibration import Calibration
from kerasae.spec import Spec
from kerasae.workflows import score

PRECISIONS = TFLite.precisions


@pytest.fixture(scope="module")
def windows(subject):
    """A model of windows with a detector."""
    return with_detector(subject("series"))


@pytest.fixture(scope="module")
def shipped(windows, tmp_path_factory):
    """Its bundle for devices."""
    root = tmp_path_factory.mktemp("windows") / "ship"
    bundle(windows, root, formats=["tflite"], precisions=["float32"])
    return root


def test_held_out_windows_lack_readings_of_each_channel(windows):
    missing = np.isnan(windows.held_out)
    assert (missing.mean(axis=(0, 1)) > 0).all()
    # The second channel is complete in training, and gets no mark.
    assert [channel.stand_in for channel in windows.preprocessor.spec.channels] == [None, 0.0]


@pytest.mark.slow
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_file_of_one_graph_detects_in_every_precision(windows, tmp_path, precision):
    """`int8` compares its decisions with float32, and such a file has no signature of errors."""
    written = Single("detect", precision=precision).write(windows, tmp_path / "m.tflite")
    assert not written.parity.breaches
    assert written.parity.use["rank_correlation"] > 0.99


def test_missing_readings_have_no_error(windows, tmp_path):
    parity = TFLite().write(windows, tmp_path / "m.tflite").parity
    assert parity.use["error_ratio"] == pytest.approx(1, abs=1e-4)


def test_a_reason_is_a_channel():
    """Of a smooth channel two steps have about the same share, and an artifact may name the other one."""
    share = np.tile([0.6, 0.2, 0.1], (4, 1))
    reason = np.array([[0, 1, 2]] * 4)
    expected = {"reason": reason, "share": share, "p_value": np.zeros(4), "anomalous": np.ones(4)}
    moved, other = ({**expected, "reason": reason + by} for by in ([2, 2, 2], [1, 0, 0]))
    assert reason_measures(expected, moved) == {"first_reason": 0.0}
    assert reason_measures(expected, moved, 2) == {"first_reason": 1.0}
    assert reason_measures(expected, other, 2) == {"first_reason": 0.0}
    by_channel = {"ranked": "share", "channels": 2}
    assert compare_output(expected, moved, "reason", by_channel)["agreement"] == 1
    assert compare_output(expected, other, "reason", by_channel)["agreement"] < 1
    assert compare_output(expected, moved, "reason", {"ranked": "share"})["agreement"] == 0


def test_null_is_a_missing_reading(windows):
    preprocessor = windows.preprocessor
    feed = feed_of(Spec.from_dict(preprocessor.spec.to_dict()), edge_view(preprocessor).feeding.to_dict())
    raw = windows.held_out[:5]
    lines = json.loads(json.dumps(np.where(np.isnan(raw), None, raw.astype(object)).tolist()))
    np.testing.assert_array_equal(feed(feed.of_values(lines))["x"], feed(raw)["x"])
    with pytest.raises(ValueError, match=r"windows of 12 readings of 2 channels \(flow, pressure\), null"):
        feed.of_values([[["a"]]])


def test_the_card_and_the_vocabulary_describe_the_channels(shipped):
    card = (shipped / "README.md").read_text()
    assert "A window has 12 readings of each channel, one every 1 s" in card
    assert "| 1 | pressure | number | 100 |" in card
    assert "the channels in order" in card
    vocabulary = json.loads((shipped / "edge" / "vocabulary.json").read_text())
    assert (vocabulary["window"], vocabulary["step"]) == (12, 1.0)
    assert [one["name"] for one in vocabulary["channels"]] == ["flow", "pressure"]
    assert all("origin" in one for one in vocabulary["channels"])


@pytest.fixture
def site(tmp_path):
    """A normal log of 149 windows, one a step."""
    rng = np.random.default_rng(5)
    turn = np.arange(160) / 3
    frame = pd.DataFrame({"flow": np.sin(turn), "pressure": 100 + np.cos(turn)})
    (frame + 0.1 * rng.normal(size=frame.shape)).to_csv(tmp_path / "site.csv", index=False)
    return tmp_path / "site.csv"


@pytest.mark.parametrize("rate", [None, 0.2])
def test_windows_of_a_site_that_share_readings_count_as_blocks(shipped, site, tmp_path, rate, capsys):
    ship = shutil.copytree(shipped, tmp_path / "ship")
    before = [one["score"] for one in score(ship, site) if one["score"] is not None]
    done = calibrate_bundle(ship, site, false_alarms=rate)
    assert (done.rows, done.block) == (len(before), 12)
    assert not verify(ship).faults
    answers = [one for one in score(ship, site) if one["score"] is not None]
    expected = Calibration.of(np.array(before), 12).p_values(np.array(before))
    np.testing.assert_allclose([one["p_value"] for one in answers], expected, rtol=1e-6)
    flagged = np.array([one["anomalous"] for one in answers])
    if rate is None:
        # 2 % is the default for a log, which so few windows cannot promise.
        assert done.false_alarms == 0.02 and not flagged.any()
        assert "So what is promised of the threshold is 7.5 %" in (ship / "README.md").read_text()
    else:
        np.testing.assert_array_equal(flagged, expected <= rate)
    with pytest.raises(ValueError, match=r"at least 0.0746.* 12 neighbours share readings"):
        [*score(ship, site, false_alarms=0.05)]
