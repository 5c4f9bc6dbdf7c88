"""What is sent to an artifact: files of photos, rows of tables, texts, no rows, and what cannot be read."""

import inspect
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from kerasae.export import views
from kerasae.export.formats.saved_model._server_inputs import as_files
from kerasae.export.formats.saved_model._server_model import ServerModel
from PIL import Image

from kerasae import Recipe, export, load_data, registry
from kerasae.kinds import kind_of

#: A network of each kind of example. Those of text and series take long to export.
kinds_slowly = pytest.mark.parametrize(
    "network", ["conv", "table", *(pytest.param(name, marks=pytest.mark.slow) for name in ("text", "series"))]
)


@pytest.mark.slow
def test_a_photo_in_its_file_is_the_photo(subject, served, tmp_path):
    served, pixels = served("conv"), subject("conv").held_out[:3]
    files = []
    for i, one in enumerate(pixels):
        Image.fromarray(one).save(tmp_path / f"{i}.png")
        files.append((tmp_path / f"{i}.png").read_bytes())
    plain = served.run("encode", {"x": pixels})["z"]
    np.testing.assert_array_equal(served.run("encode_png", {"png": np.array(files, object)})["z"], plain)
    answered = served.call("reconstruct_png", {"png": tf.constant(files)})["png_bytes"]
    expected = served.run("reconstruct", {"x": pixels})["reconstruction"]
    for png, pixel in zip(answered, expected, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(png), np.rint(pixel))


@pytest.mark.slow
def test_every_photo_is_read_as_in_training(subject, served, tmp_path):
    """Turned by EXIF, of another size, a palette, grey with alpha, CMYK: one file of each."""
    what, served = subject("conv"), served("conv")
    pixels = np.random.default_rng(0).integers(0, 256, (12, 9, 3)).astype("uint8")
    photo = Image.fromarray(pixels)
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = number
        photo.save(tmp_path / f"{number}.png", exif=exif)
        photo.save(tmp_path / f"{number}.jpg", exif=exif)
    photo.quantize(100).save(tmp_path / "palette.png")
    photo.convert("LA").save(tmp_path / "grey.png")
    photo.convert("CMYK").save(tmp_path / "cmyk.jpg")
    data = load_data(tmp_path, size=[6, 5], channels=3, test=1)
    assert len(data.test) == 19
    files = [(tmp_path / name.decode()).read_bytes() for name in data.test.names]
    found = served.run("encode_png", {"png": np.array(files, object)})
    np.testing.assert_allclose(found["z"], what.model.transform(data.test.examples), atol=1e-6)
    assert found["readable"].all()
    # The test could not fail if all were turned alike.
    assert len(np.unique(data.test.examples, axis=0)) > 8


def test_a_file_that_cannot_be_read_spoils_its_own_row_alone(subject, served, tmp_path):
    served, pixels = served("conv"), subject("conv").held_out[:3]
    files = list(as_files(pixels))
    deep, clear = Image.new("I;16", (5, 6), 190), Image.new("RGBA", (5, 6), (0, 0, 0, 90))
    for i, image in enumerate((deep, clear)):
        image.save(tmp_path / f"{i}.png")
    spoilt = bytearray(files[0])
    spoilt[len(spoilt) // 2] ^= 1
    bad = [
        bytes(spoilt),
        files[1][:-40],
        b"",
        b"no image",
        *(path.read_bytes() for path in tmp_path.iterdir()),
    ]
    mixed = [bad[0], files[0], *bad[1:4], files[1], *bad[4:], files[2]]
    whole = [one in files for one in mixed]
    alone = served.run("encode_png", {"png": np.array(files, object)})["z"]
    found = served.run("encode_png", {"png": np.array(mixed, object)})
    assert found["readable"].tolist() == whole
    np.testing.assert_allclose(found["z"][whole], alone, atol=1e-6)
    assert np.isnan(found["z"][~np.array(whole)]).all()
    answered = served.call("reconstruct_png", {"png": tf.constant(mixed)})
    assert [bool(png) for png in answered["png_bytes"].numpy()] == whole
    assert answered["readable"].numpy().tolist() == whole
    none = served.run("anomaly_score_png", {"png": np.array(bad, object)})
    assert np.isnan(none["score"]).all()
    assert not none["readable"].any()


@kinds_slowly
def test_an_example_that_cannot_be_read_spoils_its_own_row_alone(subject, served, network):
    what, served = subject(network), served(network)
    sent = what.cached("server", dict)["encode_examples"].sent["examples"][:2]
    found = served.run("encode_examples", {"examples": np.array([sent[0], b"no example", sent[1]], object)})
    assert found["readable"].tolist() == [1, 0, 1]
    assert np.isnan(found["z"][1]).all()
    np.testing.assert_allclose(
        found["z"][[0, 2]], served.run("encode_examples", {"examples": sent})["z"], atol=1e-5
    )


@kinds_slowly
def test_no_rows_are_answered_with_none(served, network):
    loaded = served(network)
    for name, signature in loaded.signatures().items():
        sent = {key: np.zeros((0, *one["shape"][1:])) for key, one in signature["inputs"].items()}
        tensors = {
            key: tf.constant(sent[key], one["dtype"]) if one["dtype"] != "string" else tf.zeros(0, tf.string)
            for key, one in signature["inputs"].items()
        }
        answered = loaded.call(name, tensors)
        for key, one in signature["outputs"].items():
            assert answered[key].shape == (0, *one["shape"][1:]), name


def test_a_row_of_a_table_is_sent_by_column_and_on_a_device_by_code(artifacts, subject, served, edge):
    what = subject("table")
    keys = {one["name"]: one["key"] for one in artifacts("table")[0].facts["columns"]}
    assert keys["number"] == "number"
    assert keys["income (USD)/year"] == "income__USD__year"
    assert "empty" not in keys
    row = {"category": "high", "flag": True, "number": 1.5}
    frame = pd.DataFrame([row]).reindex(columns=what.held_out.columns)
    codes = what.model.transform(frame)
    sent = {key: np.array([np.nan]) for key in keys.values()} | {"category": np.array(["high"], object)}
    sent |= {"flag": np.array([1.0]), "number": np.array([1.5])}
    answered = served("table").run("encode", sent)["z"]
    np.testing.assert_allclose(answered, codes, atol=1e-6)
    view = views.edge_view(what.preprocessor)
    vocabulary = view.vocabulary()["columns"]
    x = np.full((1, len(vocabulary)), np.nan, "float32")
    for i, column in enumerate(vocabulary):
        if column["name"] in row:
            value = row[column["name"]]
            x[0, i] = column["codes"][value] if "codes" in column else value - column["origin"]
    np.testing.assert_allclose(edge("table").run("encode", {"x": x})["z"], codes, atol=1e-5)


def test_texts_are_strings_on_a_server_and_ids_on_a_device(subject, served, edge):
    what = subject("text")
    texts = np.array(["The cat sees", "a dog never-seen"], object)
    ours = what.model.inverse_transform(what.model.transform(texts))
    found = served("text").run("reconstruct", {"x": texts})["reconstruction"]
    assert [one.decode() for one in found] == ours.tolist()
    vocabulary = views.edge_view(what.preprocessor).vocabulary()
    ids = np.zeros((2, vocabulary["length"]), "int32")
    for row, text in zip(ids, (["the", "cat", "sees"], ["a", "dog", "neverseen"]), strict=True):
        found = [vocabulary["ids"].get(word, vocabulary["unknown"]) for word in text]
        row[: len(found) + 1] = [*found, vocabulary["end"]]
    np.testing.assert_allclose(
        edge("text").run("encode", {"x": ids})["z"], what.model.transform(texts), rtol=1e-4, atol=1e-5
    )


@pytest.mark.slow
def test_characters_come_back_joined(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("\n".join(["abba", "cab", "bac", "ab c"] * 20))
    recipe = Recipe.of(
        "undercomplete",
        source=str(path),
        preprocessing={"name": "text", "tokens": "characters", "standardize": None},
        network={"name": "text", "latent_dim": 3, "embedding_dim": 4, "hidden": 8},
    )
    data = recipe.load()
    model = recipe.build(data)
    served = ServerModel(export.SavedModel().write(model, tmp_path / "server", data=data).path)
    found = served.run("reconstruct", {"x": data.test.examples})["reconstruction"]
    expected = model.inverse_transform(model.transform(data.test.examples))
    assert [one.decode() for one in found] == expected.tolist()


@pytest.mark.parametrize("name", registry.names("view"))
def test_a_form_has_a_view_of_a_server_and_one_of_a_device(name):
    form = registry.resolve("view", name)
    assert issubclass(form, views.Views)
    for view in (form.server, form.edge):
        assert issubclass(view, views.View) and not inspect.isabstract(view)


@pytest.mark.parametrize("name", registry.names("kind"))
def test_the_kind_names_the_form_in_which_examples_are_sent(name, monkeypatch, tmp_path):
    """A form from outside, for a kind that names it: nothing else is edited."""
    spec = registry.resolve("kind", name).example()
    (tmp_path / "views").mkdir()
    (tmp_path / "views" / "points.py").write_text(
        "from kerasae.export.views.array import ArrayViews\n\n\n"
        'class PointViews(ArrayViews):\n    """Points."""\n\n'
        "    server = type('PointServerView', (ArrayViews.server,), {})\n"
    )
    monkeypatch.setenv("KERASAE_PATH", str(tmp_path))
    preprocessor = SimpleNamespace(spec=spec)
    monkeypatch.setattr(type(kind_of(spec)), "view", "points")
    assert type(views.server_view(preprocessor)).__name__ == "PointServerView"
    sys.modules.pop("kerasae.export.views.points")
