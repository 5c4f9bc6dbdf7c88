"""Files of clusters, and what is said of each."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from kerasae import PCA
from kerasae.applications import Clustering
from kerasae.applications._kept import Kept
from kerasae.applications.clustering._description import Description
from kerasae.applications.clustering._differences import differences
from kerasae.applications.clustering._page import show_differences
from kerasae.baselines import TablePCA
from kerasae.data._split import Split
from kerasae.data.tables import from_frame
from kerasae.preprocessing.table import TablePreprocessing
from kerasae.report.sheet import write_sheet

# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "heading"), [("kmeans", "distance"), ("mixture", "probability")])
def test_files_of_images(digits, tmp_path, method, heading):
    clusters = Clustering(PCA(6).fit(digits), method=method, clusters=7, starts=1).fit(digits)
    finding = clusters.report(digits, tmp_path)
    written = pd.read_csv(tmp_path / "clusters.csv")
    assert list(written) == ["row", "cluster", heading, "label"]
    np.testing.assert_array_equal(written["label"], digits.test.labels)
    np.testing.assert_array_equal(written["cluster"], clusters.predict(digits.test.examples))
    with np.load(tmp_path / "centres.npz") as arrays:
        np.testing.assert_allclose(arrays["centres"], clusters.centres_, rtol=1e-6)
        assert arrays["sizes"].tolist() == clusters.sizes_.tolist()
    assert len(list((tmp_path / "centres").glob("*.png"))) == 7
    assert len(finding.pictures) == 1


def table(rows=80):
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, rows)
    frame = pd.DataFrame(
        {
            "height": 100 * kind + rng.normal(size=rows),
            "colour": np.where(kind, "red", "blue"),
            "none": np.full(rows, np.nan),
        }
    )
    frame.loc[::7, "height"] = np.nan
    data = from_frame(frame)
    return data.with_preprocessor(TablePreprocessing(data.spec))


def test_files_of_a_table_with_gaps(tmp_path):
    data = table()
    clusters = Clustering(TablePCA(2, indicators=True).fit(data), clusters=2).fit(data)
    finding = clusters.report(data, tmp_path)
    centres = pd.read_csv(tmp_path / "centres.csv")
    assert set(centres["colour"]) == {"red", "blue"}
    assert (centres["height"] > 50).tolist() == (centres["colour"] == "red").tolist()
    assert finding.listings[1].headings[:3] == ["cluster", "height", "colour"]


def test_columns_of_the_data_may_have_the_names_of_added_ones(tmp_path):
    draw = np.random.default_rng(0)
    data = from_frame(pd.DataFrame(draw.normal(size=(60, 2)), columns=["cluster", "training_rows"]))
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    Clustering(TablePCA(2, indicators=True).fit(data), clusters=2).fit(data).report(data, tmp_path)
    centres = pd.read_csv(tmp_path / "centres.csv")
    assert [*centres] == ["cluster_", "training_rows_", "cluster", "training_rows"]
    assert centres["cluster_"].tolist() == [0, 1]


def test_one_row_is_put_into_a_cluster(digits, tmp_path):
    alone = dataclasses.replace(digits, test=Split(digits.test.head(1)))
    finding = Clustering(PCA(4).fit(digits), clusters=3).fit(digits).report(alone, tmp_path)
    assert finding.figures == {"clusters": 3, "silhouette": None}
    said = " ".join(finding.notes)
    assert "silhouette is left out: it needs rows in at least two clusters" in said
    assert "Rousseeuw" not in said
    assert len(pd.read_csv(tmp_path / "clusters.csv")) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"clusters": 0}, "`clusters` must be positive, received 0"),
        ({"starts": 0}, "`starts` must be positive"),
        ({"epochs": 0}, "`epochs` must be positive"),
        ({"least": 1}, "`least` must be at least 2 and at most `greatest`, received 1"),
        ({"least": 9, "greatest": 3}, "`least` must be at least 2 and at most `greatest`, received 9 and 3"),
        ({"weight": 0.0}, "`weight` must be positive"),
        ({"most": 2}, "`most` must be at least 3"),
        ({"method": "dbscan"}, "`method` must be one of kmeans, mixture"),
    ],
)
def test_arguments_without_a_meaning_are_refused(blob_codes, settings, words):
    with pytest.raises(ValueError, match=words):
        Clustering(blob_codes, **settings)


# What is in the clusters -------------------------------------------------------------------------


def test_a_cluster_is_described_by_the_columns_in_which_it_differs():
    rng = np.random.default_rng(0)
    inside = np.arange(2000) < 500
    rows = pd.DataFrame(
        {
            "same": rng.normal(size=2000),
            "high": rng.normal(size=2000) + 2.0 * inside,
            "phone": np.where(rng.random(2000) < np.where(inside, 0.85, 0.4), "yes", "no"),
            "flag": rng.random(2000) < np.where(inside, 0.1, 0.5),
            "lost": pd.Series(rng.normal(size=2000)).mask(inside & (rng.random(2000) < 0.6)),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.where(inside, 10, 0), unit="D"),
            "local": pd.Timestamp("2020-06-01 09:00", tz="Asia/Tokyo")
            + pd.to_timedelta(2 * inside, unit="D"),
        }
    )
    found = {one.column: one for one in differences(rows, inside)}
    assert "same" not in found
    # The deviation inside the two parts is 1, the difference of the means 2.
    assert found["high"].effect == pytest.approx(2.0, abs=0.15)
    h = 2 * (np.arcsin(np.sqrt(0.85)) - np.arcsin(np.sqrt(0.4)))
    assert abs(found["phone"].effect) == pytest.approx(h, abs=0.12)
    assert {found["phone"].inside[:4], found["phone"].outside[:4]} <= {"yes:", "no: "}
    assert found["lost"].inside.startswith("–: 6") and found["lost"].outside == "–: 0%"
    assert found["flag"].effect and found["day"].inside == "mean 2020-01-11"
    assert found["local"].inside == "mean 2020-06-03 09:00:00+09:00"
    assert next(iter(found)) == "day"
    assert differences(rows, np.arange(2000) < 3) == []


def test_a_column_of_many_values_is_described_by_the_one_whose_share_differs_most():
    # The counts of all values are taken at once: comparing each with every row took 65 times as long.
    inside = np.arange(10_000) < 500
    names = np.array([f"name {number}" for number in range(10_000)], dtype=object)
    names[400:500] = "often"
    names[2500:2600] = "seldom"
    (value,) = differences(pd.DataFrame({"name": names}), inside)
    assert (value.inside, value.outside) == ("often: 20%", "often: 0%")
    assert value.effect == pytest.approx(2 * np.arcsin(np.sqrt(0.2)))
    assert differences(pd.DataFrame({"name": [""] * 10_000}), inside) == []


def test_the_page_of_a_table_says_what_the_rows_are(tmp_path):
    data = table(400)
    clusters = Clustering(TablePCA(2, indicators=True).fit(data), clusters=2).fit(data)
    finding = clusters.report(data, tmp_path)
    first, _ = finding.listings
    assert first.headings[1:] == ["column", "in the cluster", "in the rest", "effect"]
    words = {row[1]: row[2:4] for row in first.rows}
    assert {part.split(":")[1] for part in words["colour"]} == {" 100%", " 0%"}
    # The mean of the rows themselves, not what a centre decodes to.
    rows = data.train.examples
    means = rows.groupby(rows["colour"])["height"].mean()
    centres = pd.read_csv(tmp_path / "centres.csv").set_index("colour")["height"]
    np.testing.assert_allclose(centres.sort_index(), means.sort_index(), rtol=1e-6)


def test_a_cluster_of_one_row_is_counted_in_the_singular():
    parts, sizes = [[], []], np.array([1, 1200])
    table = show_differences(parts, sizes).rows
    assert [row[0] for row in table] == ["cluster 0: 1 row", "cluster 1: 1,200 rows"]


def test_a_description_comes_back_as_it_was(tmp_path):
    rng = np.random.default_rng(0)
    day = pd.Timestamp("2020-01-01")
    rows = pd.DataFrame(
        {
            "single": rng.normal(size=90).astype("float32"),
            "double": pd.Series(rng.normal(size=90)).mask(np.arange(90) < 30),
            "whole": pd.array(rng.integers(0, 9, 90), dtype="Int64"),
            "day": day + pd.to_timedelta(rng.integers(0, 10**12, 90), unit="us"),
            "zone": (day + pd.to_timedelta(rng.integers(0, 300, 90), unit="D")).tz_localize("Asia/Tokyo"),
            "mixed": pd.Series([1, "a", None] * 30, dtype=object),
            "flag": pd.array([True, None, False] * 30, dtype="boolean"),
            "none": pd.Series([None] * 90, dtype=object),
        }
    )
    before = Description.of(rows, np.repeat([0, 1, 2], 30), 3)
    assert before.typical["single"].dtype == "float32" and before.typical["double"].isna()[0]
    Kept({}, before.state(), {}).write(tmp_path / "kept", PCA(2))
    after = Description.of_state(dict(Kept.read(tmp_path / "kept", PCA(2)).state))
    pd.testing.assert_frame_equal(after.typical, before.typical, check_exact=True)
    assert after.differences == before.differences and any(before.differences)
    for name, description in (("before", before), ("after", after)):
        write_sheet(description.typical, tmp_path / name)
    assert (tmp_path / "after").read_bytes() == (tmp_path / "before").read_bytes()
