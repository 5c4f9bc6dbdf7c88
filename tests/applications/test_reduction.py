"""Codes for other tools: what is written is what the encoder says, and neighbours are counted rightly."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs

import kerasae
from kerasae import Recipe
from kerasae.applications import Reduction
from kerasae.applications._points import Points
from kerasae.applications.reduction._trust import neighbours_kept
from kerasae.baselines import PCA
from kerasae.data import Split
from kerasae.data._array_data import array_spec, make_data
from kerasae.data._split import drawn_rows
from kerasae.preprocessing.identity import Identity


@pytest.fixture(scope="module")
def blobs():
    rows, labels = make_blobs(150, 6, centers=3, random_state=0)
    rows = rows.astype("float32")
    return make_data("blobs", array_spec(rows), rows, labels).with_preprocessor(Identity(array_spec(rows)))


class Noise:
    """Codes that have nothing to do with the examples."""

    latent_dim = 2
    preprocessor = None

    def transform(self, raw):
        return np.random.default_rng(0).normal(size=(len(raw), 2)).astype("float32")


def with_test(data, test):
    return kerasae.data.Data(data.name, data.spec, data.train, data.validation, test, data.preprocessor)


def test_a_rotation_keeps_every_neighbour(blobs):
    found = Reduction(PCA(6).fit(blobs), neighbours=5).fit(blobs).report(blobs, None).figures
    assert found == {"code_size": 6, "trustworthiness": 1.0, "neighbours_kept": 1.0}


def test_noise_keeps_as_many_as_chance(blobs):
    data = with_test(blobs, blobs.train)
    found = Reduction(Noise(), neighbours=10).fit(data).report(data, None).figures
    # A random row is near with probability k / (n - 1).
    assert found["neighbours_kept"] == pytest.approx(10 / (len(data.test) - 1), abs=0.04)
    assert found["trustworthiness"] == pytest.approx(0.5, abs=0.1)


def test_neighbours_are_counted_by_hand():
    # 0 and 1 are near each other on both lines; 2 is nearest to 1, then to 0; 3 likewise.
    points, codes = np.array([[0.0], [1.0], [3.0], [9.0]]), np.array([[0.0], [1.0], [9.0], [3.0]])
    assert neighbours_kept(points, points, 2) == 1.0
    assert neighbours_kept(points, codes, 1) == pytest.approx((1 + 1 + 0 + 0) / 4)


@pytest.mark.parametrize("file", ["csv", "parquet"])
def test_what_is_written(file, digits, build, tmp_path):
    model = build("undercomplete")
    Reduction(model, file=file, most=50).fit(digits).report(digits, tmp_path)
    path = tmp_path / f"codes.{file}"
    frame = pd.read_csv(path) if file == "csv" else pd.read_parquet(path)
    assert list(frame) == ["row", "z0", "z1", "z2", "z3", "map_x", "map_y", "label"]
    np.testing.assert_allclose(
        frame[["z0", "z1", "z2", "z3"]], model.transform(digits.test.examples), rtol=1e-5, atol=1e-6
    )
    assert frame["row"].astype(str).tolist() == [str(n) for n in digits.test.numbers]
    np.testing.assert_array_equal(frame["label"], digits.test.labels)
    assert np.flatnonzero(frame["map_x"].notna()).tolist() == drawn_rows(len(frame), 50, 0).tolist()
    assert (tmp_path / "map.png").stat().st_size > 1000


def test_maps(blobs):
    codes = PCA(4).fit(blobs).transform(blobs.train.examples)
    reduction = Reduction(Noise())
    np.testing.assert_array_equal(reduction.project(codes[:, :2]), codes[:, :2])
    # Of four components of PCA the first two are the first two.
    np.testing.assert_allclose(
        np.abs(reduction.project(codes - codes.mean(axis=0))),
        np.abs((codes - codes.mean(axis=0))[:, :2]),
        atol=0.2,
    )
    few = codes[:60]
    once, again = (Reduction(Noise(), map="tsne", seed=1).project(few) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert once.shape == (60, 2)
    assert neighbours_kept(few, once, 5) > 0.5


@pytest.mark.parametrize(
    ("rows", "map", "size"), [(1, "code", 3), (2, "tsne", 3), (3, "code", 1), (3, "tsne", 3), (4, "tsne", 1)]
)
def test_few_rows_and_short_codes(rows, map, size, blobs, tmp_path):
    data = with_test(blobs, Split(blobs.test.examples[:rows]))
    finding = Reduction(PCA(size).fit(blobs), map=map).fit(data).report(data, tmp_path)
    frame = pd.read_csv(tmp_path / "codes.csv")
    assert len(frame) == rows and "label" not in frame
    assert frame[["map_x", "map_y"]].notna().all().all()
    k = min(10, (rows - 1) // 2)
    metric = finding.metric("trustworthiness")
    assert metric.heading == f"trustworthiness ({k})" and (metric.value is None) == (rows < 3)
    told = f"need at least 3 examples, received {rows}." in finding.notes[0]
    assert told == (rows < 3) and ("Venna" in finding.notes[0]) == (rows >= 3)


def test_umap_is_asked_for_by_name(blobs, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r"pip install 'kerasae\[umap\]'"):
        Reduction(Noise(), map="umap").project(np.zeros((20, 3), "float32"))


# numba compiles UMAP for a quarter of a minute.
@pytest.mark.slow
@pytest.mark.parametrize("rows", [4, 60])
def test_umap(rows, blobs):
    pytest.importorskip("umap")
    codes = PCA(4).fit(blobs).transform(blobs.train.examples[:rows])
    assert np.isfinite(Reduction(Noise(), map="umap").project(codes)).all()


@pytest.mark.parametrize("wrong", [{"neighbours": 0}, {"most": 0}, {"map": "mds"}, {"file": "xlsx"}])
def test_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be"):
        Reduction(Noise(), **wrong)


@pytest.mark.filterwarnings("ignore:Column 'empty'")
def test_a_table_with_gaps(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": rng.normal(size=80), "b": rng.choice(["x", "y"], 80), "c": rng.random(80) > 0.5}
    )
    frame = frame.astype(object).mask(rng.random(frame.shape) < 0.2).assign(empty=None)
    frame.to_csv(tmp_path / "t.csv", index=False)
    data = Recipe.of(source=str(tmp_path / "t.csv")).load()
    model = Recipe.of(source=str(tmp_path / "t.csv"), latent_dim=2).build(data)
    points = Points().fit(data).of(data, data.test)
    assert points.shape == (len(data.test), 1 + 3 + 1) and np.isfinite(points).all()
    finding = Reduction(model).fit(data).report(data, tmp_path)
    written = pd.read_csv(tmp_path / "codes.csv")
    assert written["row"].tolist() == data.test.examples.index.tolist()
    assert 0 <= finding.figures["neighbours_kept"] <= 1


def test_different_categories_are_one_apart(tmp_path):
    frame = pd.DataFrame({"b": ["x", "y", "z"] * 20, "a": [0.0, 0.0, 1.0] * 20})
    frame.to_csv(tmp_path / "t.csv", index=False)
    data = Recipe.of(source=str(tmp_path / "t.csv")).load()
    points = Points().fit(data).of(data, data.train)[:, :4]
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.testing.assert_allclose(np.unique(distances.round(5)), [0.0, 1.0])


@pytest.mark.parametrize(
    ("size", "how", "axis"), [(4, "code", "component"), (2, "code", "code"), (4, "tsne", "tsne")]
)
def test_the_axes_of_a_map_say_what_they_are(size, how, axis, blobs, tmp_path):
    (picture,) = Reduction(PCA(size).fit(blobs), map=how).fit(blobs).report(blobs, tmp_path).pictures
    place = picture.figure.axes[0]
    assert (place.get_xlabel(), place.get_ylabel()) == (f"{axis} 1", f"{axis} 2")


def test_points_of_texts_come_back_from_their_state(tmp_path):
    words = np.array(["cat", "dog", "bird", "sees", "eats", "the", "red"])
    rng = np.random.default_rng(0)
    (tmp_path / "t.txt").write_text("\n".join(" ".join(rng.choice(words, 4)) for _ in range(60)))
    data = Recipe.of(source=str(tmp_path / "t.txt")).load()
    points = Points().fit(data)
    expected = points.of(data, data.test)
    np.testing.assert_allclose(np.square(expected).sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(Points.of_state(points.state()).of(data, data.test), expected)
