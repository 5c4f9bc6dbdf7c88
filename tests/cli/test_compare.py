"""`kerasae compare` and `kerasae tune`: pages, jobs, failures."""

import json
import time
from concurrent.futures import Future
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from quick_runs import QUICK

from kerasae import load_model, registry
from kerasae.recipe import Recipe
from kerasae.workflows import compare_families
from kerasae.workflows.comparison import trainings
from kerasae.workflows.comparison.folder import ComparisonFolder


def test_a_failure_is_seen_while_other_trainings_tell_their_epochs(monkeypatch):
    class Busy:
        def __init__(self):
            self.began = time.monotonic()

        def get(self, timeout):
            assert time.monotonic() < self.began + 5, "the failure was not seen"
            time.sleep(0.01)
            return "sparse", 1, 1, 0.5

    monkeypatch.setattr(trainings, "_EVENTS", 0.05)
    failed = Future()
    failed.set_exception(FloatingPointError("The loss became NaN."))
    with pytest.raises(FloatingPointError, match=r"ended the training of 'sparse' with seed 0"):
        trainings._wait({failed: ("sparse", 0)}, Busy(), None)


@pytest.mark.slow
def test_compare_runs_on_the_same_data(run, kerasae, tmp_path):
    kerasae("train", "digits", "--model", "sparse", "--out", tmp_path / "b", *QUICK)
    status, out, err = kerasae("compare", run, tmp_path / "b", "--json", "--out", tmp_path / "page")
    assert status == 0, err
    names = [entry["name"] for entry in json.loads(out)["entries"]]
    assert names == ["pca", str(run), str(tmp_path / "b")]
    assert (tmp_path / "page" / "report.html").is_file()
    kerasae("train", "digits", "--set", "data.seed=5", "--out", tmp_path / "c", *QUICK)
    status, _, err = kerasae("compare", run, tmp_path / "c")
    assert status == 2
    assert "Expected runs on the same data" in err


@pytest.mark.slow
def test_data_are_read_once(kerasae, tmp_path, monkeypatch):
    # Reading is much of the time of a large table, and two copies of its splits much of the memory.
    read, load = [], Recipe.load
    monkeypatch.setattr(Recipe, "load", lambda self, *a: read.append(self.data["name"]) or load(self, *a))
    for name in ("a", "b"):
        assert kerasae("train", "digits", "--out", tmp_path / name, *QUICK)[0] == 0
    assert read == ["digits", "digits"]
    assert kerasae("compare", tmp_path / "a", tmp_path / "b")[0] == 0
    assert read == ["digits"] * 3


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.images, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for key, value in attrs:
            if key in ("src", "href"):
                (self.images if tag == "img" else self.links).append(value)

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.slow
def test_compare_trains_every_family_and_writes_a_page(kerasae, tmp_path):
    out = tmp_path / "first"
    status, text, err = kerasae("compare", "digits", "--out", out, "--seeds", 2, *QUICK)
    assert status == 0, err
    for family in ["pca", *registry.names("model")]:
        assert family in text
    result = json.loads((out / "metrics.json").read_text())
    assert all(len(entry["seeds"]) == 2 for entry in result["entries"] if entry["name"] != "pca")
    errors = [seed["error"] for entry in result["entries"][1:] for seed in entry["seeds"]]
    assert len(set(errors)) == len(errors), "seeds must differ"
    page = Page((out / "report.html").read_text())
    assert not page.links
    assert len(page.images) == 3
    assert all(image.startswith("data:image/png;base64,") for image in page.images)
    # Three epochs beat nothing, and the page says so.
    assert "does not beat PCA" in " ".join(page.text)
    assert load_model(out / "variational").latent_dim == 8


@pytest.mark.slow
def test_compare_is_the_same_at_any_number_of_jobs(kerasae, tmp_path):
    found = []
    for jobs in (1, 2):
        status, out, _ = kerasae(
            "compare", "digits", "--models", "undercomplete", "--seeds", 2, "--jobs", jobs, "--json", *QUICK
        )
        assert status == 0
        found.append([seed["error"] for seed in json.loads(out)["entries"][1]["seeds"]])
    # Sums are taken in another order by another number of threads.
    np.testing.assert_allclose(*found, rtol=1e-3)


@pytest.fixture
def small_table(tmp_path):
    """A CSV file of two columns."""
    values = np.random.default_rng(0).normal(size=(120, 2))
    pd.DataFrame(values, columns=["width", "height"]).to_csv(tmp_path / "sizes.csv", index=False)
    return tmp_path / "sizes.csv"


@pytest.mark.slow
def test_a_comparison_goes_on_after_a_training_that_failed(kerasae, small_table, tmp_path):
    """Where all that was finished went with the one that failed."""
    out = tmp_path / "compared"
    arguments = ["compare", small_table, "--models", "undercomplete,sparse", "--jobs", 1, "--epochs", 2]
    settings = {"network.latent_dim": 1, "train.epochs": 2}
    recipe = Recipe.of(source=str(small_table)).override(settings)

    def stand_in_the_way(family, seed, epoch, loss):
        if epoch == 0:
            (out / "sparse").write_text("A file where the next run goes.")

    with pytest.raises(OSError, match=r"exists: .*sparse.*This ended the training of 'sparse' with seed 0"):
        compare_families(recipe, ["undercomplete", "sparse"], 2, out=out, jobs=1, progress=stand_in_the_way)
    finished = (out / "undercomplete" / "model.keras").read_bytes()
    arguments += ["--latent-dim", 1, "--out", out, "--seeds", 2]
    status, _, err = kerasae(*arguments)
    assert status == 2 and "exists" in err
    assert f"Kept 1 finished training in {out}; the same command goes on" in err
    status, _, err = kerasae(*arguments, "--seed", 3)
    assert status == 2 and "the interrupted comparison" in err and err.count("\n") == 1
    (out / "sparse").unlink()
    status, text, err = kerasae(*arguments)
    assert status == 0, err
    assert "Columns of sizes" in text and text.count("Columns of") == 1
    assert (out / "undercomplete" / "model.keras").read_bytes() == finished
    entries = json.loads((out / "metrics.json").read_text())["entries"]
    assert [len(entry["seeds"]) for entry in entries] == [1, 2, 2]
    names = {path.name for path in out.iterdir()}
    assert names == {"metrics.json", "report.html", "undercomplete", "sparse"}
    # All seeds of an uninterrupted comparison, but for seconds.
    status, whole, _ = kerasae(*arguments[:-4], "--seeds", 2, "--json")
    for entry, again in zip(entries, json.loads(whole)["entries"], strict=True):
        for one, other in zip(entry["seeds"], again["seeds"], strict=True):
            assert one["error"] == pytest.approx(other["error"], rel=1e-5)


def test_tune_says_how_columns_were_read(kerasae, small_table, tmp_path):
    """Once, and before anything is trained."""
    arguments = ["tune", small_table, "--objective", "auroc", "--out", tmp_path / "tuned"]
    status, out, err = kerasae(*arguments)
    assert status == 2 and "label" in err
    assert out.count("Columns of sizes") == 1 and "width" in out
    assert kerasae(*arguments, "--json")[1] == ""


def test_two_comparisons_do_not_write_one_folder(tmp_path):
    recipe = Recipe.of(source="digits", latent_dim=2)
    one, other = (ComparisonFolder(tmp_path / "all", 0) for _ in range(2))
    one.check(recipe)
    one.begin(recipe, None)
    other.check(recipe)
    with pytest.raises(FileExistsError, match="that no other command writes"):
        other.begin(recipe, None)
    # What did not begin takes nothing away.
    assert other.give_up() == 0 and one.unfinished
    one.complete()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["all"]


def test_finished_runs_are_compared_without_options_of_a_training(tmp_path, kerasae):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "recipe.json").touch()
    for option in (["--seeds", "5"], ["--jobs", "2"], ["--models", "sparse"], ["--latent-dim", "3"]):
        status, _, err = kerasae("compare", tmp_path / "a", tmp_path / "b", *option)
        assert status == 2 and "no options but --out and --json" in err


def test_options_of_a_search_that_have_no_effect_are_refused(kerasae, tmp_path):
    worker = ["--worker", "--chief", "10.0.0.1:8000", "--out", tmp_path / "a"]
    for option in (
        ["--trials", "5"],
        ["--objective", "error"],
        ["--models", "sparse"],
        ["--latent-dims", "2"],
    ):
        status, _, err = kerasae("tune", *worker, *option)
        assert status == 2 and "A worker has its settings from the chief" in err
    status, _, err = kerasae(
        "tune", "digits", "--latent-dim", "8", "--latent-dims", "2,4", "--out", tmp_path / "b"
    )
    assert status == 2 and "Expected --latent-dim or --latent-dims, received both" in err
