"""Clusters on a manifold of the codes: groups that are bent, and new rows among them."""

import sys

import numpy as np
import pytest
from sklearn.datasets import make_moons

from kerasae.applications import Clustering
from kerasae.applications.clustering._manifold import OnManifold
from kerasae.data._array_data import make_data
from kerasae.spec import Spec


class Plain:
    """Codec whose code is the example itself."""

    preprocessor, latent_dim = None, 2

    def transform(self, raw):
        return np.asarray(raw, "float32")


def test_a_training_row_is_where_it_was_laid_out_and_a_new_one_among_its_neighbours():
    rng = np.random.default_rng(0)
    codes, positions = rng.normal(size=(60, 2)), rng.normal(size=(60, 3))
    manifold = OnManifold.of_state(Plain(), {"codes": codes, "positions": positions})
    assert manifold.latent_dim == 3
    np.testing.assert_array_equal(manifold.transform(codes), positions.astype("float32"))
    new = rng.normal(size=(20, 2))
    near = np.argsort(np.linalg.norm(new[:, None] - codes, axis=2), axis=1)[:, :5]
    placed = manifold.transform(new)
    assert (placed <= positions[near].max(axis=1) + 1e-5).all()
    assert (placed >= positions[near].min(axis=1) - 1e-5).all()
    with pytest.raises(ValueError, match="received a position on the manifold"):
        manifold.inverse_transform(placed)


def test_what_a_manifold_needs_is_said(monkeypatch, blobs, blob_codes, build):
    with pytest.raises(ValueError, match="`manifold` must be positive, received 0"):
        Clustering(blob_codes, manifold=0)
    with pytest.raises(ValueError, match="`refine` must be False for clusters on a manifold"):
        Clustering(build("undercomplete"), manifold=2, refine=True)
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r"`manifold` needs .*pip install 'kerasae\[umap\]'"):
        Clustering(blob_codes, manifold=2, clusters=5).fit(blobs)


# numba compiles UMAP for half a minute.
@pytest.mark.slow
def test_bent_groups_are_found_on_the_manifold_and_kept(tmp_path):
    pytest.importorskip("umap")
    points, labels = make_moons(800, noise=0.02, random_state=0)
    data = make_data("moons", Spec("vector", (2,)), points.astype("float32"), labels)
    plain, bent = (
        Clustering(Plain(), method="kmeans", clusters=2, manifold=dimensions).fit(data)
        for dimensions in (None, 2)
    )
    # UMAP lays rows out differently on each processor; over three seeds these were 0.72 to 0.79, and 1.
    assert plain.report(data, None).figures["matched_accuracy"] < 0.9
    finding = bent.report(data, tmp_path)
    assert any("laid out by UMAP" in note for note in finding.notes)
    assert finding.figures["matched_accuracy"] > 0.99
    assert (tmp_path / "clusters.csv").is_file()
    # A centre is shown by a row, since no position can be decoded.
    assert len(bent._shown) == 2
    bent.save(tmp_path / "kept")
    loaded = Clustering.load(tmp_path / "kept", Plain())
    np.testing.assert_array_equal(loaded.predict(points), bent.predict(points))
