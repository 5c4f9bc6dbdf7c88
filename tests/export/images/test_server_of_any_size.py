"""Signatures of a server for images of any size."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from kerasae.export import ParityError
from kerasae.export.formats.saved_model import _any_size
from kerasae.export.formats.saved_model._server_model import ServerModel

from kerasae import Recipe, export
from kerasae.models import at_size, mapped, rebuilt

SIGNATURES = {"reconstruct_any_size", "encode_any_size"}

#: A bundle is exported first.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shipped(subject, tmp_path_factory):
    """A bundle of a model whose code is a map, with its SavedModel alone."""
    root = tmp_path_factory.mktemp("maps") / "ship"
    [artifact] = export.bundle(subject("spatial", "denoising"), root, formats=["saved_model"])
    return root, artifact


@pytest.mark.parametrize(("height", "width"), [(1, 1), (6, 5), (31, 18)])
def test_a_server_answers_images_of_any_size(subject, shipped, height, width):
    model = subject("spatial", "denoising").model
    server = ServerModel(shipped[1].path)
    raw = np.random.default_rng(height).integers(0, 256, (3, height, width, 3)).astype("uint8")
    made = server.run("reconstruct_any_size", {"x": raw})["reconstruction"]
    expected = np.stack([rebuilt(model, image) for image in raw])
    # A number at a rounding boundary may fall on either side.
    assert np.abs(np.rint(made) - expected).max() <= 1
    assert (np.rint(made) == expected).mean() > 0.999
    codes = server.run("encode_any_size", {"x": raw})["z"]
    np.testing.assert_allclose(codes, np.stack([mapped(model, image) for image in raw]), atol=1e-5)
    none = server.call("reconstruct_any_size", {"x": tf.constant(raw[:0])})["reconstruction"]
    assert none.shape == (0, height, width, 3)


def test_several_sizes_are_proved_in_the_parity_table(shipped):
    root, artifact = shipped
    table = json.loads((root / "parity.json").read_text())["server/small/1"]
    sizes = {tuple(one["size"]) for one in table["outputs"] if "size" in one}
    assert {(1, 1), (6, 5)} < sizes
    assert len(sizes) == 3
    for one in table["outputs"]:
        assert ("size" in one) <= (one["signature"] in SIGNATURES)
        assert one.get("max_deviation", 0) < 1e-4
    assert {one["signature"] for one in table["outputs"] if "size" in one} == SIGNATURES
    assert artifact.signatures["encode_any_size"]["inputs"]["x"]["shape"] == [None, None, None, 3]
    card = (root / "README.md").read_text()
    assert "| `encode_any_size` | `x` uint8[batch, any, any, 3] |" in card
    assert "without `--enable_batching`" in card
    assert not export.verify(root).faults


def test_an_answer_that_is_wrong_at_one_size_is_refused(subject, tmp_path, monkeypatch):
    what = subject("spatial", "denoising")

    def wrong(model, height, width):
        other = at_size(model, height, width)
        if height > 10:
            kernel = other.to_code.kernel
            kernel.assign(1.1 * kernel)
        return other

    monkeypatch.setattr(_any_size, "at_size", wrong)
    fresh = dataclasses.replace(what)
    with pytest.raises(ParityError, match=r"any_size .* at \[15, 3\]: max_deviation"):
        export.SavedModel().write(fresh, tmp_path / "server")
    assert not (tmp_path / "server").exists()


def test_what_belongs_to_one_size_has_no_such_signature(subject):
    assert not _any_size.any_size_endpoints(subject("dense").model, None)
    spec = subject("spatial", "denoising").preprocessor.spec
    network = {"name": "spatial", "filters": [4]}
    model = Recipe.of("sparse", latent_dim=3, network=network, model={"k": 5}).build(spec)
    assert not _any_size.any_size_endpoints(model, None)
