"""What a release has stored is read by this version, and what a newer one stores is refused in one line."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from kerasae.export.bundles.calibrate import calibrate_bundle
from kerasae.export.embedded import embed, embedded_facts
from kerasae.export.scoring import Scorer, find_file
from kerasae.tuning import Settings
from releases.write import figures

from kerasae import Run, __version__, export
from kerasae.applications import AnomalyDetector, Retrieval
from kerasae.data import Source
from kerasae.files import NewerFormatError, read_arrays, write_arrays, write_sealed
from kerasae.recipe import Recipe
from kerasae.runs import Unfinished
from kerasae.training.checkpoint import Checkpoint
from kerasae.workflows import monitor
from kerasae.workflows.comparison.folder import ComparisonFolder

RELEASES = sorted(Path(__file__).parent.glob("*.zip"))
#: Files whose number is that of another file beside or above them, and those of KerasTuner.
COVERED = ("parity.json", "vocabulary.json", "result.json", "trial.json", "oracle.json", "tuner*.json")


@pytest.fixture(params=RELEASES, ids=lambda path: path.stem)
def stored(request, tmp_path, monkeypatch):
    """The files of a release, in the working folder."""
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    return tmp_path / "home"


def close(values):
    """Values in which numbers may differ as far as processors round differently."""
    if isinstance(values, dict):
        return {key: close(value) for key, value in values.items()}
    if isinstance(values, list):
        return [close(value) for value in values]
    return pytest.approx(values, rel=1e-4, abs=1e-5) if isinstance(values, float) else values


def json_files(home):
    for path in sorted(home.rglob("*.json")):
        if path.name != "expected.json" and not any(path.match(name) for name in COVERED):
            yield path


def rewrite(path, change):
    """Change the values of a JSON file, and seal it again if it was sealed."""
    values = json.loads(path.read_text())
    sealed = values.pop("sha256", None)
    change(values)
    if sealed is not None:
        text = json.dumps(values, sort_keys=True)
        values["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(values, indent=2) + "\n")


def test_this_version_has_stored_its_files():
    assert __version__ in [path.stem for path in RELEASES]


def test_a_release_is_small():
    assert all(release.stat().st_size < 300_000 for release in RELEASES)


def test_files_give_the_figures_of_their_release(stored):
    assert figures() == close(json.loads((stored / "expected.json").read_text()))


def test_every_json_file_tells_its_format(stored):
    names = [path.name for path in json_files(stored)]
    assert {"recipe.json", "data.json", "training.json", "metrics.json", "application.json"} <= {*names}
    assert {"manifest.json", "facts.json", "tuning.json", "drift.json"} <= {*names}
    for path in json_files(stored):
        assert json.loads(path.read_text())["format"] == 1, path


def test_what_is_written_now_tells_its_format(tmp_path):
    """Files that are written without a checksum; `write_sealed` asks for the number."""
    for name, part in (("recipe", Recipe.of()), ("source", Source({})), ("search", Settings(Recipe.of()))):
        part.save(tmp_path / name)
        assert json.loads((tmp_path / name).read_text())["format"] == 1


def test_files_without_a_number_are_read_as_well(stored):
    """Those of the time before the first release."""
    for path in json_files(stored):
        if path.name != "facts.json":
            rewrite(path, lambda values: values.pop("format"))
    arrays = read_arrays(Path("index.npz"))
    del arrays["format"]
    write_arrays(Path("index.npz"), arrays)
    assert figures() == close(json.loads((stored / "expected.json").read_text()))


def sealed(path):
    """A sealed file of format 99."""
    path.parent.mkdir(exist_ok=True)
    write_sealed(path, {}, 99)


def newer(path):
    rewrite(Path(path), lambda values: values.update(format=99))


def newer_facts(path):
    content = Path(path).read_bytes()
    Path(path).write_bytes(embed(content, {**embedded_facts(content), "format": 99}))


def newer_line(path):
    line = json.loads(Path(path).read_text())
    Path(path).write_text(json.dumps({**line, "format": 99}) + "\n")


def newer_arrays(path):
    write_arrays(Path(path), {**read_arrays(Path(path)), "format": 99})


TFLITE = "bundle/edge/pumps_float32.tflite"
READERS = {
    "recipe": ("run/recipe.json", newer, lambda: Run.open("run").recipe),
    "source": ("run/data.json", newer, lambda: Run.open("run").source),
    "training": ("run/training.json", newer, lambda: Run.open("run").training),
    "detector": (
        "run/applications/anomaly/application.json",
        newer,
        lambda: AnomalyDetector.load("run/applications/anomaly", Run.open("run").model),
    ),
    "verify": ("bundle/manifest.json", newer, lambda: export.verify("bundle")),
    "next export": ("bundle/manifest.json", newer, lambda: export.bundle("run", Path("bundle"))),
    "score": ("bundle/manifest.json", newer, lambda: find_file("bundle")),
    "load": ("bundle/manifest.json", newer, lambda: export.load(TFLITE, "run")),
    "calibrate": ("bundle/edge/facts.json", newer, lambda: calibrate_bundle("bundle", "rows.csv")),
    "facts inside": (TFLITE, newer_facts, lambda: Scorer(TFLITE)),
    "search": ("tuned/tuning.json", newer, lambda: Settings.read(Path("tuned/tuning.json"))),
    "history": (
        "watch/history.jsonl",
        newer_line,
        lambda: monitor("run", "rows.csv", "watch", reference="rows.csv"),
    ),
    "index": ("index.npz", newer_arrays, lambda: Retrieval.read_index("index.npz", Run.open("run").model)),
    "checkpoint": ("new/state.json", sealed, lambda: Checkpoint(Path("new")).state()),
    "unfinished": ("new/unfinished.json", sealed, lambda: Unfinished("new").recipe),
    "comparison": (
        "new/comparison.json",
        sealed,
        lambda: ComparisonFolder(Path("new"), 0).check(Recipe.of()),
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_a_file_of_a_newer_format_is_refused_in_one_line(name, stored):
    path, change, read = READERS[name]
    change(Path(path))
    before = {one: one.read_bytes() for one in stored.rglob("*") if one.is_file()}
    with pytest.raises(NewerFormatError) as caught:
        read()
    expected = "written by a newer kerasae: format 99, this one reads up to 1; pip install -U kerasae."
    assert str(caught.value).endswith(expected) and Path(path).name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert {one: one.read_bytes() for one in stored.rglob("*") if one.is_file()} == before


def test_a_command_refuses_it_with_status_2(stored, kerasae):
    newer("run/recipe.json")
    status, _, err = kerasae("evaluate", "run")
    assert status == 2 and err.count("\n") == 1 and "written by a newer kerasae: format 99" in err


@pytest.mark.parametrize("number", [-1, 1.5, True, "1", None, []])
def test_a_number_that_is_none_is_refused(number, stored):
    rewrite(Path("run/recipe.json"), lambda values: values.update(format=number))
    with pytest.raises(ValueError, match=r"Expected the number of a format, 0 to 1, as `format` in .*recipe"):
        Recipe.read("run/recipe.json")
