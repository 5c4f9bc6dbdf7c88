"""`kerasae apply anomaly`: files as a user reads them."""

import keras
import numpy as np
import pandas as pd
import pytest
from plane_rows import correlated

from kerasae import Recipe
from kerasae.applications.anomaly._report import write_files
from kerasae.data.tables import from_frame
from kerasae.runs import run_recipe
from kerasae.workflows import apply


@pytest.fixture(scope="module")
def table_run(tmp_path_factory):
    """A run on a CSV with names, categories, gaps and labels, and a file of new rows without labels."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    base = correlated(600, 0, size=3)
    frame = pd.DataFrame(base, columns=["a", "b", "c"])
    frame["kind"] = np.where(base[:, 0] > 0, "hot", "cold")
    frame.loc[rng.random(600) < 0.1, "b"] = np.nan
    frame.insert(0, "customer", [f"k{number}" for number in range(600)])
    frame["odd"] = 0
    frame.loc[::25, "odd"] = 1
    frame.loc[::25, "c"] += 6.0
    frame.to_csv(folder / "rows.csv", index=False)
    new = frame.drop(columns="odd").iloc[:12]
    new.to_csv(folder / "new.csv", index=False)
    recipe = Recipe.of(
        "denoising",
        source=str(folder / "rows.csv"),
        latent_dim=2,
        data={"labels": "odd", "id": "customer"},
        train={"epochs": 20},
    )
    return run_recipe(recipe, folder / "run"), folder


def test_a_column_may_be_called_row(tmp_path):
    data = from_frame(pd.DataFrame({"row": np.arange(40.0), "a": np.arange(40.0) ** 2}), test=1)
    added = pd.DataFrame(np.arange(80.0).reshape(40, 2), columns=["row", "a"])
    write_files(tmp_path, data, pd.DataFrame({"row": [*map(str, range(40))]}), added)
    written = pd.read_csv(tmp_path / "contributions.csv")
    assert [*written] == ["row_", "row", "a"]
    assert written["row_"].tolist() == [*range(40)] and written["a"].tolist() == added["a"].tolist()


def test_what_a_user_takes_away(table_run, tmp_path):
    run, folder = table_run
    outcome = apply("anomaly", run, tmp_path / "found", source=str(folder / "new.csv"))
    assert any("have the rarer label" in sentence for sentence in outcome.to_dict()["sentences"])
    scores = pd.read_csv(tmp_path / "found" / "scores.csv")
    assert {*scores["row"]} == {f"k{number}" for number in range(12)}
    assert set(scores["reason_1"]) <= {"a", "b", "c", "kind"}
    # The oddest first, in both files.
    assert scores["score"].is_monotonic_decreasing
    assert [*scores.loc[0, ["row", "reason_1"]]] == ["k0", "c"]
    contributions = pd.read_csv(tmp_path / "found" / "contributions.csv", index_col="row")
    assert [*contributions.index] == [*scores["row"]]
    np.testing.assert_allclose(contributions.sum(axis=1), scores["score"], rtol=1e-3)
    assert outcome.rows == 12
    assert {*outcome.findings} == {"denoising", "pca", "pca-onehot"}
    assert (run.folder / "sections" / "anomaly.html").is_file()
    detector = keras.saving.load_model(run.detector_path)
    flags = np.asarray(detector(run.model.accounts(run.data.test.examples))) > float(detector.threshold)
    for name in ("combination", "likelihood"):
        apply("anomaly", run, tmp_path / name, score=name, refit=True)
        told = pd.read_csv(tmp_path / name / "scores.csv")
        shares = told[["share_1", "share_2", "share_3"]].to_numpy()
        assert (shares >= 0).all() and (shares.sum(axis=1) <= 1.001).all()
        assert shares[:, 0].max() > 0.3
    whole = apply("anomaly", run, tmp_path / "whole", baselines=False, refit=True)
    assert whole.findings["denoising"].figures["flagged"] == flags.sum()
    assert whole.findings["denoising"].figures["auroc"] > 0.9


def test_which_rows_these_are_is_said(table_run, tmp_path, monkeypatch):
    run, folder = table_run

    def said(name, source=None):
        outcome = apply("anomaly", run, tmp_path / name, source=source, baselines=False, refit=True)
        return outcome.sentences[0]

    good, words = said("test")
    assert good and "the 120 rows of the test split, of 600 rows of rows" in words
    for name, source in (("same", folder / "rows.csv"), ("copy", tmp_path / "copy.csv")):
        source.write_bytes((folder / "rows.csv").read_bytes())
        good, words = said(name, str(source))
        assert not good and "it has seen 384 of these 600 rows" in words
        assert "nothing that is promised of new rows holds" in words
    # The first rows of a file that has grown are those of the training.
    lines = (folder / "rows.csv").read_text().splitlines(keepends=True)
    (tmp_path / "grown.csv").write_text("".join([*lines, *lines[1:21]]))
    good, words = said("grown", str(tmp_path / "grown.csv"))
    assert not good and "begins with what the model was trained on: it has seen 384 of these 620" in words
    good, words = said("new", str(folder / "new.csv"))
    assert good and "rows are flagged" in words


def test_a_folder_that_exists_is_kept(table_run, tmp_path):
    (tmp_path / "keep").mkdir()
    with pytest.raises(FileExistsError, match="kept as it is"):
        apply("anomaly", table_run[0], tmp_path / "keep")


def test_a_failure_leaves_nothing(table_run, tmp_path):
    run, folder = table_run
    pd.DataFrame({"x": [1.0]}).to_csv(folder / "other.csv", index=False)
    with pytest.raises(ValueError, match="No column 'a'"):
        apply("anomaly", run, tmp_path / "none", source=str(folder / "other.csv"))
    with pytest.raises(ValueError, match=r"Unknown parameter `anomaly.scroe`; did you mean 'score'"):
        apply("anomaly", run, tmp_path / "none", scroe="whitened")
    with pytest.raises(ValueError, match="at least 999"):
        apply("anomaly", run, tmp_path / "none", false_alarms=0.001, refit=True)
    assert not [*tmp_path.iterdir()]
