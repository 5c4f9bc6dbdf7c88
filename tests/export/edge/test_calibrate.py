"""`kerasae calibrate`: a threshold for another site in every artifact of a bundle, and in a run."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from kerasae.export import bundle, calibrate_bundle, verify
from kerasae.export.bundles import calibrate as module
from kerasae.export.decision import Decision
from kerasae.export.embedded import embedded_facts
from kerasae.export.formats.tflite._calibration import set_numbers
from kerasae.export.scoring import Scorer, examples
from kerasae.export.verify_edge import LOWER
from killed_commands import changes, killed

from kerasae.cli import main
from kerasae.files import read_sealed
from kerasae.thresholds import ConformalThreshold
from kerasae.workflows import score

pytestmark = pytest.mark.slow


@pytest.fixture
def ship(for_devices, tmp_path):
    """A copy of the bundle."""
    return shutil.copytree(for_devices, tmp_path / "ship")


@pytest.fixture
def site(detecting, tmp_path):
    """Normal rows of a site, as a file."""
    detecting.held_out.to_csv(tmp_path / "site.csv", index=False)
    return tmp_path / "site.csv"


def contents(root):
    """All files with what is in them."""
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def scored(root, source):
    return np.array([one["score"] for one in score(root, source)])


def test_a_bundle_decides_by_the_rows_of_the_site(ship, site):
    before = scored(ship, site)
    done = calibrate_bundle(ship, site, false_alarms=0.2)
    assert done.rows == len(before)
    answers = [*score(ship, site)]
    np.testing.assert_array_equal([one["score"] for one in answers], before)
    decision = Decision.of(before, 0.2)
    assert [one["anomalous"] for one in answers] == (before > decision.threshold).tolist()
    p_values = [(1 + (before >= one).sum()) / (len(before) + 1) for one in before]
    np.testing.assert_allclose([one["p_value"] for one in answers], p_values, rtol=1e-6)
    assert np.sum([one["anomalous"] for one in answers]) == int(0.2 * (len(before) + 1)) - 1


def test_the_new_bundle_agrees_and_states_its_calibration(ship, site):
    done = calibrate_bundle(ship, site, false_alarms=0.2)
    assert not verify(ship).faults + verify(ship).notes
    manifest = read_sealed(ship / "manifest.json", 1)
    (entry,) = manifest["artifacts"]
    ((path, (threshold, _)),) = done.thresholds.items()
    expected = {"threshold": threshold, "false_alarms": 0.2, "calibration_rows": done.rows}
    expected["calibration_block"] = 1
    assert path == entry["path"]
    assert entry["facts"]["detector"] == expected
    for facts in (
        manifest["model"],
        embedded_facts((ship / path).read_bytes()),
        json.loads((ship / "edge" / "facts.json").read_text()),
    ):
        assert expected.items() <= facts["detector"].items()
    assert f"{done.rows:,} rows" in (ship / "README.md").read_text()


def test_a_bundle_can_be_calibrated_again(ship, site):
    first = calibrate_bundle(ship, site, false_alarms=0.2).thresholds
    again = calibrate_bundle(ship, site, false_alarms=0.3).thresholds
    assert [old for _, old in again.values()] == [new for new, _ in first.values()]
    assert not verify(ship).faults


def test_no_weight_moves(ship, site):
    (path,) = ship.glob("edge/*.tflite")
    before = np.frombuffer(path.read_bytes(), "uint8")
    calibrate_bundle(ship, site, false_alarms=0.2)
    after = np.frombuffer(path.read_bytes(), "uint8")
    shared = min(len(before), len(after))
    # Two arrays of 512 numbers and a threshold; the facts behind the file are compressed anew.
    assert 0 < (before[:shared] != after[:shared]).sum() < 4 * (512 + 512 + 1) + 4096


def test_too_few_rows_are_one_clear_line_and_change_nothing(ship, site, capsys):
    before = contents(ship)
    with pytest.raises(SystemExit) as ended:
        main(["calibrate", str(ship), str(site), "--false-alarms", "0.001"])
    assert ended.value.code == 2
    rows = len(site.read_text().splitlines()) - 1
    assert capsys.readouterr().err == (
        "kerasae: Expected at least 999 normal rows for a rate of false alarms of 0.001 (1 / 0.001 - 1), "
        f"received {rows}; send more rows, or allow more false alarms (--false-alarms).\n"
    )
    assert contents(ship) == before


def test_an_artifact_that_does_not_decide_as_it_should_changes_nothing(ship, site, monkeypatch):
    before = contents(ship)
    monkeypatch.setattr("kerasae.export.formats.tflite.tflite.set_numbers", lambda content, _: content)
    with pytest.raises(ValueError, match=r"Expected edge/.* to decide by its new calibration"):
        calibrate_bundle(ship, site, false_alarms=0.3)
    assert contents(ship) == before


def test_a_bundle_without_a_detector_is_refused(shipped, site, tmp_path):
    ship = shutil.copytree(shipped, tmp_path / "other")
    with pytest.raises(ValueError, match="Expected a bundle with a detector"):
        calibrate_bundle(ship, site, false_alarms=0.2)


def test_numbers_are_found_by_their_names(ship):
    content = next(ship.glob("edge/*.tflite")).read_bytes()
    with pytest.raises(ValueError, match="numbers named 'nothing' of their own"):
        set_numbers(content, {"nothing": np.zeros(3)})
    with pytest.raises(ValueError, match="Expected 12 bytes of 'calibration', received 2048"):
        set_numbers(content, {"calibration": np.zeros(3)})
    assert set_numbers(content, {}) == content


@pytest.mark.slow
def test_every_artifact_of_a_bundle_gets_a_threshold_of_its_own(detecting, site, tmp_path):
    """A SavedModel and all precisions; the server has the next version beside the old one."""
    ship = tmp_path / "ship"
    loose = dict.fromkeys(LOWER, 1.0)
    bundle(detecting, ship, formats=["saved_model", "tflite"], tolerance=loose)
    done = calibrate_bundle(ship, site, false_alarms=0.2)
    assert [*done.thresholds] == [
        f"server/{detecting.name}/2",
        *(f"edge/{detecting.name}_{one}.tflite" for one in ("float32", "float16", "dynamic", "int8")),
    ]
    # The SavedModel and the float32 file may have the same one.
    assert len({new for new, _ in done.thresholds.values()}) >= 4
    new = [one for one, _ in done.thresholds.values()]
    np.testing.assert_allclose(new, new[0], rtol=0.2)
    verdict = verify(ship)
    assert not verdict.faults + verdict.notes
    assert len(verdict.artifacts) == 6
    for path, (threshold, _) in done.thresholds.items():
        if path.endswith(".tflite"):
            scorer = Scorer(ship / path)
            parts = [raw for _, raw in examples(site, scorer.spec, scorer.feed)]
            scores = [float(one["score"][0]) for raw in parts for one in scorer.raw_answers(raw)]
            expected = ConformalThreshold(false_alarms=0.2).fit(np.array(scores)).threshold_
            assert threshold == pytest.approx(expected, rel=1e-6)
            answers = [*Scorer(ship / path).answers(detecting.held_out)]
            assert [one["anomalous"] for one in answers] == [one["score"] > threshold for one in answers]
    # A later export replaces the files for devices, whatever their calibration.
    bundle(detecting, ship, formats=["tflite"], precisions=["float32"])
    assert sorted(path.name for path in ship.glob("edge/*.tflite")) == [f"{detecting.name}_float32.tflite"]
    assert not verify(ship).faults


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None or shutil.which("cc") is None, reason="needs make and cc")
def test_a_c_library_is_calibrated_and_passes_its_own_test(detecting, site, tmp_path):
    loose = dict.fromkeys(LOWER, 1.0)
    bundle(detecting, tmp_path / "ship", formats=["c99"], tolerance=loose)
    (library,) = tmp_path.glob("ship/tiny/*_c")
    ((new, former),) = calibrate_bundle(tmp_path / "ship", site, false_alarms=0.25).thresholds.values()
    assert new != former
    assert not verify(tmp_path / "ship").faults
    tested = subprocess.run(["make", "test"], cwd=library, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr
    assert "0 differences" in tested.stdout


@pytest.mark.slow
def test_a_killed_calibration_leaves_the_old_bundle_or_the_new_one_whole(ship, site):
    """Killed at ten moments; what scores afterwards finds the one or the other."""
    call = ["calibrate", "ship", "site.csv", "--false-alarms"]
    last = changes(ship.parent, *call, 0.2)
    old = read_sealed(ship / "manifest.json", 1)
    known, found = 0.2, set()
    for number, step in enumerate(np.random.default_rng(0).choice(last, 10, replace=False)):
        rate = round(0.25 + number / 100, 2)
        killed(ship.parent, step, *call, rate)
        assert len([*score(ship, site)]) == old["model"]["detector"]["calibration_rows"]
        assert not verify(ship).faults
        kept = read_sealed(ship / "manifest.json", 1)["model"]["detector"]["false_alarms"]
        assert kept in (known, rate)
        found.add(kept == rate)
        known = kept
    # Kills lie on both sides of the change that counts.
    assert found == {False, True}


@pytest.mark.parametrize("step", range(12))
def test_a_calibration_that_is_killed_while_it_is_published_can_be_scored_with(ship, site, step, monkeypatch):
    """Nothing cleans up after a kill; the next use puts the old bundle back."""
    from kerasae.export.bundles import _publish

    before = scored(ship, site)
    swap, count = _publish._swap, 0

    class Killed(BaseException):
        pass

    def killed(*arguments):
        nonlocal count
        count += 1
        if count > step:
            raise Killed
        swap(*arguments)

    monkeypatch.setattr(_publish, "_swap", killed)
    monkeypatch.setattr(_publish, "recover", lambda root: None)
    monkeypatch.setattr(module, "publish", _publish.publish)
    try:
        calibrate_bundle(ship, site, false_alarms=0.2)
        ended = True
    except Killed:
        ended = False
    monkeypatch.undo()
    np.testing.assert_array_equal(scored(ship, site), before)
    rate = read_sealed(ship / "manifest.json", 1)["model"]["detector"]["false_alarms"]
    assert rate == (0.2 if ended else 0.1)
    assert not verify(ship).faults
