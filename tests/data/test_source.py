"""What data were read from: a later command reads the same rows, or says that they have changed."""

import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from small_logs import sines

from kerasae import Recipe
from kerasae.data import Source
from kerasae.runs import Run, Unfinished, run_recipe
from kerasae.workflows import compare_runs


def frame(rows, seed=0):
    random = np.random.default_rng(seed)
    return pd.DataFrame(random.normal(size=(rows, 4)), columns=["a", "b", "c", "d"]).round(4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with `rows.csv`, and a run on it whose recipe names it by a relative path."""
    home = tmp_path_factory.mktemp("home")
    frame(200).to_csv(home / "rows.csv", index=False)
    recipe = Recipe.of(
        source=str(home / "rows.csv"), latent_dim=2, network={"widths": [4]}, train={"epochs": 1}
    )
    before = os.getcwd()  # noqa: PTH109
    os.chdir(home)
    try:
        run_recipe(recipe.override({"data.path": "rows.csv"}), "run")
    finally:
        os.chdir(before)
    return home


def grow(path, rows=50):
    """More rows at the end, as a file that is written to every day has."""
    more = frame(rows, seed=1).to_csv(index=False, header=False)
    path.write_text(path.read_text() + more)


def renew(path, rows=50):
    """More rows at the beginning, as a table of the latest events has."""
    more = frame(rows, seed=1).to_csv(index=False)
    path.write_text(more + path.read_text().partition("\n")[2])


def test_of_a_file_that_has_grown_the_rows_of_the_training_are_read(home):
    before = Run.open("run").data
    grow(home / "rows.csv")
    with pytest.warns(UserWarning, match=r"rows\.csv has grown since the training: only its first"):
        after = Run.open("run").data
    for split in before.rows:
        pd.testing.assert_frame_equal(after.split(split).examples, before.split(split).examples)


def test_a_run_finds_its_data_from_another_folder(home, tmp_path, monkeypatch):
    here = Run.open("run").data
    assert here.rows == {"train": 128, "validation": 16, "calibration": 16, "test": 40}
    other = tmp_path / "other"
    other.mkdir()
    # Another file of the same name, of which the run knows nothing.
    frame(200, seed=5).to_csv(other / "rows.csv", index=False)
    monkeypatch.chdir(other)
    there = Run.open(home / "run").data
    for split in here.rows:
        pd.testing.assert_frame_equal(there.split(split).examples, here.split(split).examples)


def test_data_that_have_moved_are_looked_for_where_the_recipe_says(home, tmp_path, monkeypatch):
    new = tmp_path / "new"
    shutil.move(home, new)
    monkeypatch.chdir(new)
    assert len(Run.open("run").data.test) == 40
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"home/rows\.csv, found nothing there; put them back"):
        _ = Run.open(new / "run").data


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate", "run"],
        ["apply", "clustering", "run", "rows.csv", "--out", "out"],
        ["compare", "run", "run"],
        ["export", "run", "--out", "out"],
    ],
)
def test_a_file_that_has_changed_is_refused_in_one_line(command, home, kerasae):
    kept = {path: path.read_bytes() for path in (home / "run").rglob("*") if path.is_file()}
    renew(home / "rows.csv")
    status, _, err = kerasae(*command)
    assert status == 2 and err.count("\n") == 1, err
    assert f"Expected {home / 'rows.csv'} as it was in training" in err and "train again" in err
    assert not (home / "out").exists()
    assert kept == {path: path.read_bytes() for path in (home / "run").rglob("*") if path.is_file()}


def test_without_the_check_rows_that_were_trained_on_would_be_tested_on(home):
    """Why a changed file is refused, and no more than its beginning is read of one that has grown."""
    trained_on = {tuple(row) for row in Run.open("run").data.train.examples.to_numpy()}
    renew(home / "rows.csv")
    again = Run.open("run").recipe.load()
    tested = [tuple(row) for row in again.test.examples.to_numpy()]
    assert sum(row in trained_on for row in tested) > 5


def test_one_changed_number_is_refused(home):
    path = home / "rows.csv"
    text = path.read_text()
    path.write_text(text[:-2] + ("1" if text[-2] != "1" else "2") + "\n")
    with pytest.raises(ValueError, match="as many bytes, but others"):
        _ = Run.open("run").data


def test_the_same_content_written_again_is_the_same(home):
    content = (home / "rows.csv").read_bytes()
    (home / "rows.csv").unlink()
    (home / "rows.csv").write_bytes(content)
    assert len(Run.open("run").data.test) == 40


def test_a_training_is_not_resumed_on_other_rows(home, kerasae):
    def stop(*_):
        raise KeyboardInterrupt

    import keras

    recipe = Run.open("run").recipe
    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe, "new", callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=stop)])
    renew(home / "rows.csv")
    with pytest.raises(ValueError, match=r"rows\.csv as it was in training"):
        run_recipe(Unfinished("new").recipe, "new", resume=True)
    assert (home / "new" / "unfinished.json").is_file()


def test_runs_before_and_after_a_change_are_not_compared(home):
    other = Run.open(shutil.copytree("run", "other"))
    assert len(compare_runs([Run.open("run"), other]).entries) == 3
    renew(home / "rows.csv")
    Source.of(other.recipe.data).save(other.source_path)
    with pytest.raises(ValueError, match=r"between whose trainings the files changed"):
        compare_runs([Run.open(other.folder), Run.open("run")])


def test_a_search_is_not_gone_on_with_on_other_rows(home, kerasae):
    """All that a search does with data goes through `Settings.load`; here its first reading is stored."""
    from kerasae.tuning import Settings

    recipe = Run.open("run").recipe
    folder = home / "search"
    folder.mkdir()
    settings = Settings(recipe, trials=2)
    settings.load(folder).source.save(folder / "data.json")
    settings.save(folder / "tuning.json")
    assert len(settings.load(folder).test) == 40
    renew(home / "rows.csv")
    with pytest.raises(ValueError, match=r"rows\.csv as it was in training"):
        settings.load(folder)


def test_labels_and_test_rows_in_files_of_their_own_count_too(tmp_path):
    random = np.random.default_rng(0)
    for name in ("rows", "labels"):
        np.save(tmp_path / f"{name}.npy", random.normal(size=(50, 3)) if name == "rows" else np.arange(50))
    section = {"path": str(tmp_path / "rows.npy"), "labels": str(tmp_path / "labels.npy")}
    recipe = Recipe.of(source=section["path"], data=section)
    source = recipe.load().source
    assert {*source.files} == {"path", "labels"}
    assert recipe.load(source).rows == source.rows
    np.save(tmp_path / "labels.npy", np.arange(50)[::-1])
    with pytest.raises(ValueError, match=r"labels\.npy as it was"):
        recipe.load(source)


def test_a_folder_of_images_is_known_by_its_images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    random = np.random.default_rng(0)

    def write(name):
        Image.fromarray(random.integers(0, 255, (6, 6), dtype="uint8")).save(folder / name)

    for number in range(12):
        write(f"{number}.png")
    recipe = Recipe.of(source=str(folder))
    source = recipe.load().source
    (folder / "notes.txt").write_text("no image")
    assert recipe.load(source).rows == source.rows
    write("more.png")
    with pytest.raises(ValueError, match=r"images as it was in training"):
        recipe.load(source)
    (folder / "more.png").unlink()
    # Another picture of the same size and time, as a copy that keeps times has.
    content, times = bytearray((folder / "3.png").read_bytes()), (folder / "3.png").stat()
    with Image.open(folder / "3.png") as image:
        other = np.asarray(image).copy()
    while True:
        other[0, 0] += 1
        Image.fromarray(other).save(folder / "3.png")
        if (folder / "3.png").stat().st_size == len(content):
            break
    os.utime(folder / "3.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ValueError, match=r"received a changed one \(as many bytes, but others\)"):
        recipe.load(source)
    (folder / "3.png").write_bytes(content)
    assert recipe.load(source).rows == source.rows


def test_data_from_no_file_are_known_by_their_rows(digits):
    assert digits.source == Source({}, {"train": 1150, "validation": 144, "calibration": 144, "test": 359})
    changed = Source({}, {"train": 1150, "validation": 144, "calibration": 144, "test": 360})
    with pytest.raises(ValueError, match=r"1,150 \+ 144 \+ 144 \+ 360 rows, as in training"):
        Recipe.of().load(changed)


@pytest.mark.parametrize("text", ["", "[]", '{"files": {}}', '{"files": {"path": {"a": 1}}, "rows": {}}'])
def test_a_damaged_file_of_the_source_is_refused_in_one_line(text, home, kerasae):
    (home / "run" / "data.json").write_text(text)
    status, _, err = kerasae("evaluate", "run")
    assert status == 2 and err.count("\n") == 1 and "data.json" in err


def test_a_source_is_written_and_read(tmp_path, home):
    source = Run.open("run").source
    source.save(tmp_path / "again.json")
    assert Source.read(tmp_path / "again.json") == source
    values = json.loads((home / "run" / "data.json").read_text())
    assert values["files"]["path"]["path"] == str(home / "rows.csv")
    assert values["rows"] == {"train": 128, "validation": 16, "calibration": 16, "test": 40}


def test_of_a_log_that_has_grown_the_windows_of_the_training_are_read(tmp_path, monkeypatch):
    """A log is written to every day, also while a run is used."""
    monkeypatch.chdir(tmp_path)
    whole = sines(500)
    whole[:300].to_csv("log.csv", index=False)
    section = {"name": "series", "time": "time", "window": 10}
    network = {"name": "dense", "depth": 0}
    recipe = Recipe.of(source="log.csv", latent_dim=2, data=section, network=network)
    run_recipe(recipe.override({"train.solver": "closed_form"}), "run")
    before = Run.open("run").data
    whole.to_csv("log.csv", index=False)
    with pytest.warns(UserWarning, match=r"log\.csv has grown since the training: only its first"):
        after = Run.open("run").data
    for split in before.rows:
        np.testing.assert_array_equal(after.split(split).examples, before.split(split).examples)
    sines(300, seed=1).to_csv("log.csv", index=False)
    with pytest.raises(ValueError, match=r"log\.csv as it was in training"):
        Run.open("run").data  # noqa: B018
