"""Labels that are missing are no label, and those there are keep their writing."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from plane_rows import correlated
from sklearn.metrics import roc_auc_score

from kerasae import Recipe
from kerasae.applications import AnomalyDetector
from kerasae.baselines import TablePCA
from kerasae.data import has_label
from kerasae.data._labels import tidy_labels
from kerasae.data.tables import from_frame
from kerasae.preprocessing.table import TablePreprocessing


@pytest.mark.parametrize("normal", [0, None])
def test_rows_without_a_label_are_left_out_of_figures(tmp_path, normal):
    """Half of the labels are gone: they made 0 the text "0.0" and counted as anomalies."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(correlated(600, 0, size=4).astype("float64"), columns=list("abcd"))
    odd = rng.random(600) < 0.15
    frame.loc[odd] += 5 * rng.normal(size=(odd.sum(), 4))
    frame["odd"] = odd.astype(int)
    frame.loc[rng.random(600) < 0.5, "odd"] = np.nan
    frame.to_csv(tmp_path / "rows.csv", index=False)
    recipe = Recipe.of("undercomplete", source=str(tmp_path / "rows.csv"), latent_dim=2)
    data = dataclasses.replace(recipe, data={**recipe.data, "labels": "odd"}).load()
    assert set(data.test.labels) == {"0", "1", ""}
    codec = TablePCA(2, indicators=True).fit(data)
    detector = AnomalyDetector(codec, normal=normal, threshold="quantile").fit(data)
    finding = detector.report(data, tmp_path)
    known = data.test.labels != ""
    scores = detector.score_samples(data.test.examples)
    expected = roc_auc_score(data.test.labels[known] == "1", scores[known])
    assert finding.figures["auroc"] == pytest.approx(expected)
    assert expected > 0.8
    told = [text for _, text in finding.sentences]
    assert any(f"{(~known).sum()} of {len(known)} rows have no label" in text for text in told)
    if normal is not None:
        seen = sum(len(part["code"]) for part in detector.accounts(data, "train"))
        assert seen == (data.train.labels == "0").sum()


def test_the_anomaly_is_the_label_that_is_rarer_in_the_training_rows(tmp_path):
    """In a new file it may be the commoner one."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(correlated(600, 0, size=4).astype("float64"), columns=list("abcd"))
    odd = rng.random(600) < 0.15
    frame.loc[odd] += 5 * rng.normal(size=(odd.sum(), 4))
    frame["state"] = np.where(odd, "fault", "fine")
    data = from_frame(frame, labels="state")
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    codec = TablePCA(2, indicators=True).fit(data)
    detector = AnomalyDetector(codec, threshold="quantile").fit(data)
    assert any("have the rarer label, fault, which" in sentence for _, sentence in detector.doubts)
    chosen = np.concatenate([np.flatnonzero(data.test.labels == "fault"), np.arange(3)])
    new = dataclasses.replace(data, test=data.test.rows(np.unique(chosen)))
    assert (new.test.labels == "fault").mean() > 0.5
    detector.save(tmp_path / "kept")
    scores = detector.score_samples(new.test.examples)
    expected = roc_auc_score(new.test.labels == "fault", scores)
    for one in (detector, AnomalyDetector.load(tmp_path / "kept", codec)):
        assert one.report(new, None).figures["auroc"] == pytest.approx(expected)
    # A fault that the training did not have is one, too.
    assert detector.anomalous_labels(np.array(["fine", "leak", "fault", ""])).tolist() == [0, 1, 1, 0]


def test_signs_beside_numbers_are_no_classes():
    assert [*tidy_labels(np.array(["0", "1", "?", "1"]))] == ["0", "1", "", "1"]
    quantities = tidy_labels(np.array(["0.5", "-", "2"], dtype=object))
    assert has_label(quantities).tolist() == [True, False, True]
    # With one number, the sign is the other class.
    assert [*tidy_labels(np.array(["1", "-", "1"]))] == ["1", "-", "1"]


def test_labels_keep_their_writing():
    gaps = tidy_labels(np.array([0.0, 1.0, np.nan]))
    assert [*gaps] == ["0", "1", ""]
    assert [*has_label(gaps)] == [True, True, False]
    assert tidy_labels(np.array(["0", "1", "1"])).dtype == "int64"
    quantities = tidy_labels(np.array([0.5, np.nan]))
    assert quantities.dtype == "float64" and [*has_label(quantities)] == [True, False]
    assert [*tidy_labels(np.array(["a", None, " ", 7], dtype=object))] == ["a", "", "", "7"]
