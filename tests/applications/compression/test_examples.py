"""Raw examples of each kind and back, and the command."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kerasae import Recipe
from kerasae.applications import Compression
from kerasae.baselines import fit_baselines
from kerasae.workflows import apply

# Raw examples ------------------------------------------------------------------------------------


def test_what_comes_back_is_what_the_decoder_makes_of_the_rounded_code(model, digits):
    compression = Compression(model, bits=4).fit(digits)
    raw = digits.test.examples
    steps, offsets = (
        getattr(compression.quantiser_, name).astype("float64") for name in ("steps", "offsets")
    )
    codes = offsets + steps * np.rint((model.transform(raw) - offsets) / steps)
    back = Compression(model).decompress(compression.compress(raw))
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back, model.inverse_transform(codes.astype("float32")))
    one = compression.decompress(compression.compress(raw[:1]))
    np.testing.assert_array_equal(one, back[:1])


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=300)
    frame = pd.DataFrame(
        {
            "a": 3 * hidden,
            "b": np.round(10 * hidden),
            "c": np.where(hidden > 0, "high", "low"),
            "d": hidden > 1,
        }
    )
    frame = frame.astype(object).mask(rng.random(frame.shape) < 0.2).assign(empty=None)
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.filterwarnings("ignore:Column 'empty'")
def test_missing_cells_of_a_table(table):
    recipe = Recipe.of(source=str(table), latent_dim=3, network={"widths": [8]}, train={"epochs": 1})
    data = recipe.load()
    model = recipe.build(data)
    raw = data.test.examples
    with_gaps, filled = (Compression(model, keep_missing=keep, bits=6).fit(data) for keep in (True, False))
    back, whole = (one.decompress(one.compress(raw)) for one in (with_gaps, filled))
    features = ["a", "b", "c", "d"]
    assert raw[features].isna().any().all()
    np.testing.assert_array_equal(back[features].isna(), raw[features].isna())
    assert not whole[features].isna().any().any()
    assert back["empty"].isna().all()
    for name in features:
        there = raw[name].notna().to_numpy()
        assert (back[name][there] == whole[name][there]).all()
    assert with_gaps.report(data, None).figures["bytes"] > filled.report(data, None).figures["bytes"]


def test_texts(tmp_path):
    rng = np.random.default_rng(0)
    words = ["red", "grün", "blue", "cat", "птица", "runs", "now"]
    lines = [" ".join(rng.choice(words, rng.integers(1, 5))) for _ in range(150)]
    (tmp_path / "t.txt").write_text("\n".join(lines), encoding="utf-8")
    recipe = Recipe.of(source=str(tmp_path / "t.txt"), latent_dim=6, train={"epochs": 1})
    data = recipe.load()
    model = recipe.build(data)
    compression = Compression(model, bits=6).fit(data)
    back = compression.decompress(compression.compress(data.test.examples))
    assert len(back) == len(data.test) and all(isinstance(text, str) for text in back)
    # The code of this baseline is the number of a text: no bit of it may be lost.
    nearest = fit_baselines(6, data)["tfidf-nearest"]
    finding = Compression(nearest, bits=1).fit(data).report(data, None).figures
    assert finding["words_recalled"] == finding["words_recalled_unrounded"]


# The command -------------------------------------------------------------------------------------


def test_a_run_is_compressed_and_restored(run, tmp_path):
    outcome = apply("compression", run, tmp_path / "out")
    path = tmp_path / "out" / "compressed.kae"
    own, pca = outcome.findings.values()
    assert own.figures["bytes"] == path.stat().st_size
    assert own.figures["times_smaller"] == pytest.approx(run.data.test.examples.nbytes / path.stat().st_size)
    assert pca.figures["bytes"] > 0
    curves = pd.read_csv(tmp_path / "out" / "rate_distortion.csv")
    assert set(curves["codec"]) == {"model", "pca 4", "pca up to 64", "JPEG", "WEBP"}
    section = (run.folder / "sections" / "compression.html").read_text()
    apply("compression", run, tmp_path / "back", source=str(path))
    restored = np.load(tmp_path / "back" / "restored.npy")
    np.testing.assert_array_equal(restored, Compression.decompress_file(path, run.folder))
    assert len(restored) == len(run.data.test)
    with Image.open(tmp_path / "back" / "restored" / "000000.png") as image:
        shown = np.asarray(image)
    np.testing.assert_array_equal(shown, np.rint(restored[0, ..., 0] * 255 / 16))
    # Decoding says nothing new of the run.
    assert (run.folder / "sections" / "compression.html").read_text() == section
    (tmp_path / "cut.kae").write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match=r"checksum of .*cut\.kae"):
        apply("compression", run, tmp_path / "none", source=str(tmp_path / "cut.kae"))
    with pytest.raises(FileNotFoundError, match="Expected a file"):
        Compression.decompress_file(tmp_path / "nothing.kae", run)
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_one_row(run, tmp_path):
    image = Image.fromarray(np.rint(run.data.test.examples[0, ..., 0] * 15.9).astype("uint8"))
    image.save(tmp_path / "one.png")
    outcome = apply("compression", run, tmp_path / "out", source=str(tmp_path / "one.png"))
    assert outcome.rows == 1
    assert len(Compression.decompress_file(tmp_path / "out" / "compressed.kae", run)) == 1
