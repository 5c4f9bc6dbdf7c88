"""Artifacts: what they answer, that a wrong one does not leave, and that a bundle is whole or not there."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from kerasae.export import Subject, _bundle, _convert, _endpoints, _parity, _publish, _views
from kerasae.export._artifact import checksum
from kerasae.export._parity import Case, golden_arrays
from kerasae.export._server_inputs import as_files
from kerasae.export._server_model import ServerModel
from kerasae.export._verify_edge import EdgeModel, compare, read_golden, verify_edge
from kerasae.export._warmup import check_warmup, read_warmup
from PIL import Image

from kerasae import Recipe, export, load_data, registry, train
from kerasae.data import Data, Split
from kerasae.data.tables import from_frame
from kerasae.files import read_sealed, write_sealed
from kerasae.losses import HIGHEST
from kerasae.models import UndercompleteAutoencoder
from kerasae.preprocessing import Rescaling, TablePreprocessing
from kerasae.spec import Spec

FAMILIES = registry.names("model")
PRECISIONS = ("float32", "float16", "dynamic", "int8")
WORDS = ["red", "green", "cat", "dog", "sees", "eats", "the", "a"]


def photos():
    rng = np.random.default_rng(0)
    mix = rng.random((3, 6 * 5 * 3))
    pixels = np.round(rng.random((260, 3)) @ mix * 80).astype("uint8").reshape(-1, 6, 5, 3)
    spec = Spec("image", (6, 5, 3), "uint8", 0.0, 255.0)
    data = Data("photos", spec, Split(pixels[:160]), Split(pixels[160:180]), Split(pixels[180:]))
    return data.with_preprocessor(Rescaling(spec))


def rows():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(400, 2))
    day = pd.Timestamp("2021-03-01")
    frame = pd.DataFrame(
        {
            "number": hidden[:, 0] * 3,
            "income (USD)/year": np.round(40_000 + 9_000 * hidden[:, 1]).astype("int64"),
            "flag": hidden[:, 0] > 0,
            "day": day + pd.to_timedelta(np.round(100 * hidden[:, 0]), unit="D"),
            "moment": day + pd.to_timedelta(np.round(1e5 * hidden[:, 1]), unit="s"),
            "category": np.select([hidden[:, 1] > 1, hidden[:, 1] > -1], ["high", "middle"], "low"),
        }
    )
    frame = frame.convert_dtypes().mask(rng.random(frame.shape) < 0.2)
    return frame.assign(empty=np.nan)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("texts") / "t.txt"
    path.write_text("\n".join(" ".join(rng.choice(WORDS, rng.integers(2, 9))) for _ in range(300)))
    table = from_frame(rows())
    with pytest.warns(UserWarning, match="'empty' has no value"):
        table = table.with_preprocessor(TablePreprocessing(table.spec))
    return {
        "dense": photos(),
        "conv": photos(),
        "table": table,
        "text": Recipe.of(source=str(path)).load(),
    }


@pytest.fixture(scope="module")
def subject(sources):
    """A small trained model of a family over a network, and held-out rows; made once for each."""
    made = {}

    def subject(network, family="variational"):
        if (network, family) not in made:
            data = sources[network]
            small = {"text": {"embedding_dim": 8, "hidden": 16}, "conv": {"filters": [4, 8]}}.get(
                network, {"widths": [16]}
            )
            recipe = Recipe.of(family, latent_dim=3, network={"name": network, **small})
            model = recipe.build(data)
            train(model, data, epochs=4, batch_size=32, learning_rate=0.01)
            made[network, family] = Subject.of(model, data=data, name="small")
        return made[network, family]

    return subject


@pytest.fixture(scope="module")
def artifacts(subject, tmp_path_factory):
    """The SavedModel and the float32 file of a subject; written once for each."""
    made = {}

    def artifacts(network, family="variational"):
        if (network, family) not in made:
            what, home = subject(network, family), tmp_path_factory.mktemp("artifacts")
            made[network, family] = (
                export.saved_model(what, home / "server"),
                export.tflite(what, home / "m.tflite"),
            )
        return made[network, family]

    return artifacts


@pytest.fixture(scope="module")
def served(artifacts):
    return lambda network: ServerModel(artifacts(network)[0].path)


@pytest.fixture(scope="module")
def edge(artifacts):
    return lambda network: EdgeModel(artifacts(network)[1].path.read_bytes())


# What every artifact answers -------------------------------------------------------------------------

#: Cells that the plain suite looks at; the others take long.
QUICK = [("dense", "sparse"), ("conv", "variational")]
MATRIX = [
    pytest.param(
        network,
        family,
        marks=() if (network, family) in QUICK else pytest.mark.slow,
        id=f"{network}-{family}",
    )
    for network in ("dense", "conv", "table", "text")
    for family in FAMILIES
]


@pytest.mark.parametrize(("network", "family"), MATRIX)
def test_every_family_and_network_leaves_in_every_precision(artifacts, subject, tmp_path, network, family):
    on_server, in_float32 = artifacts(network, family)
    written = [
        export.tflite(subject(network, family), tmp_path / "m.tflite", precision=precision)
        for precision in PRECISIONS[1:]
    ]
    written.append(export.onnx(subject(network, family), tmp_path / "m.onnx"))
    for one in (on_server, in_float32, *written):
        assert not one.parity.breaches
        assert one.parity.use["rank_correlation"] > 0.99
    items = on_server.facts["itemised"]
    # The graphs alone: guards against what is not finite, and the decoder of turned image files.
    allowed = 1.15 * (items["weights"] + items["preprocessing"]) + 400_000
    assert on_server.facts["bytes"] <= allowed


VERBS = {"reconstruct", "encode", "decode", "anomaly_score"}
DRAWS = {"sample", "sample_posterior"}


@pytest.mark.parametrize(("network", "files"), [("dense", True), ("table", False), ("text", False)])
def test_signatures_are_those_promised(served, edge, network, files):
    served, edge = served(network).signatures(), edge(network).signatures()
    more = {f"{verb}_examples" for verb in VERBS - {"decode"}}
    more |= {f"{verb}_png" for verb in VERBS - {"decode"}} if files else set()
    assert set(served) == VERBS | DRAWS | more | {"serving_default"}
    assert served["serving_default"] == served["reconstruct"]
    assert set(edge) == VERBS | DRAWS
    for side in (served, edge):
        assert set(side["encode"]["outputs"]) == {"z", "z_log_var"}
        assert set(side["decode"]["inputs"]) == {"z"}
        assert set(side["anomaly_score"]["outputs"]) == {"score"}
    assert set(served["sample"]["inputs"]) == {"seed"}
    assert set(edge["sample"]["inputs"]) == {"eps"}


def test_families_without_a_prior_draw_nothing(subject, tmp_path):
    written = export.tflite(subject("dense", "sparse"), tmp_path / "m.tflite")
    assert set(written.signatures) == VERBS
    assert set(written.signatures["encode"]["outputs"]) == {"z"}


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


@pytest.mark.parametrize("network", ["conv", "table", "text"])
def test_an_example_that_cannot_be_read_spoils_its_own_row_alone(subject, served, network):
    what, served = subject(network), served(network)
    sent = what.cached("server", dict)["encode_examples"].sent["examples"][:2]
    found = served.run("encode_examples", {"examples": np.array([sent[0], b"no example", sent[1]], object)})
    assert found["readable"].tolist() == [1, 0, 1]
    assert np.isnan(found["z"][1]).all()
    np.testing.assert_allclose(
        found["z"][[0, 2]], served.run("encode_examples", {"examples": sent})["z"], atol=1e-5
    )


@pytest.mark.parametrize("network", ["conv", "table", "text"])
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


@pytest.mark.parametrize("bytes_left", [2_000, 150_000])
def test_a_disk_that_is_full_is_an_error_of_the_system(subject, tmp_path, bytes_left):
    """A file that may not grow stands for a disk: writes fail in the same place."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    what = subject("conv")
    what.cached(
        "server", lambda: sys.modules[registry.resolve("export", "saved_model").__module__]._cases(what)
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, hard))
    try:
        with pytest.raises(OSError, match=r"Expected to write .*, received: .+"):
            export.saved_model(what, tmp_path / "server")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_numbers_with_a_row_that_cannot_be_judged_leave_as_onnx(tmp_path):
    """One graph answers codes and scores: what is no number has no code to compare."""
    rows = np.random.default_rng(0).normal(size=(60, 6)).astype("float32")
    model = Recipe.of(latent_dim=2, network={"widths": [4]}).build(Spec("vector", (6,)))
    written = export.onnx(model, tmp_path / "m.onnx", examples=rows)
    assert not written.parity.breaches


def test_a_seed_gives_the_same_sample_whatever_else_is_in_the_batch(served):
    served = served("dense")
    seeds = np.array([[1, 2], [3, 4], [1, 2], [1, 3]], "int32")
    drawn = served.run("sample", {"seed": seeds})["sample"]
    np.testing.assert_array_equal(drawn[0], drawn[2])
    assert not np.allclose(drawn[0], drawn[1])
    assert not np.allclose(drawn[0], drawn[3])
    alone = served.run("sample", {"seed": seeds[1:2]})["sample"]
    np.testing.assert_allclose(alone[0], drawn[1], atol=1e-3)


def test_samples_have_the_moments_of_the_prior():
    seeds = np.stack([np.arange(4000), np.zeros(4000)], axis=1).astype("int32")
    eps = np.asarray(tf.function(_endpoints.draw)(seeds, 3))
    np.testing.assert_allclose(eps.mean(axis=0), 0, atol=4 / np.sqrt(4000))
    np.testing.assert_allclose(np.cov(eps.T), np.eye(3), atol=0.1)


def test_an_artifact_answers_in_raw_units(subject, edge):
    what = subject("dense")
    pixels = what.held_out[:20]
    found = edge("dense").run("reconstruct", {"x": pixels})["reconstruction"]
    ours = what.model.inverse_transform(what.model.transform(pixels))
    assert np.abs(np.rint(found) - ours).max() <= 1
    assert found.max() > 2


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
    view = _views.edge_view(what.preprocessor)
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
    vocabulary = _views.edge_view(what.preprocessor).vocabulary()
    ids = np.zeros((2, vocabulary["length"]), "int32")
    for row, text in zip(ids, (["the", "cat", "sees"], ["a", "dog", "neverseen"]), strict=True):
        found = [vocabulary["ids"].get(word, vocabulary["unknown"]) for word in text]
        row[: len(found) + 1] = [*found, vocabulary["end"]]
    np.testing.assert_allclose(
        edge("text").run("encode", {"x": ids})["z"], what.model.transform(texts), rtol=1e-4, atol=1e-5
    )


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
    served = ServerModel(export.saved_model(model, tmp_path / "server", data=data).path)
    found = served.run("reconstruct", {"x": data.test.examples})["reconstruction"]
    expected = model.inverse_transform(model.transform(data.test.examples))
    assert [one.decode() for one in found] == expected.tolist()


def test_weights_are_stored_once_for_all_signatures(tmp_path, digits):
    model = Recipe.of("undercomplete", latent_dim=4, network={"widths": [300]}).build(digits)
    what = Subject.of(model, data=digits)
    weights = 4 * _endpoints.served_elements(model)
    assert _endpoints.served_elements(model) == model.count_params()
    sizes = {
        precision: export.tflite(what, tmp_path / "m.tflite", precision=precision).facts["bytes"]
        for precision in PRECISIONS
    }
    assert sizes["float32"] < 1.15 * weights
    assert sizes["int8"] < 0.35 * sizes["float32"]


def test_a_model_of_ones_own_without_preprocessing_leaves_too(tmp_path):
    x = np.random.default_rng(0).normal(size=(80, 6)).astype("float32")
    encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "tanh")])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
    model = UndercompleteAutoencoder(encoder, decoder)
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(x, epochs=2, verbose=0)
    written = export.tflite(model, tmp_path / "m.tflite", examples=x, name="mine")
    assert written.parity.use["error_ratio"] == pytest.approx(1, abs=1e-5)
    served = export.saved_model(model, tmp_path / "server", examples=x)
    found = ServerModel(served.path).run("encode", {"x": x})["z"]
    np.testing.assert_allclose(found, model.transform(x), atol=1e-6)


def test_warm_up_requests_are_one_a_signature_and_run(artifacts):
    written, _ = artifacts("dense")
    requests = read_warmup(written.path)
    assert {name for name, _ in requests} == set(written.signatures) - {"serving_default"}
    check_warmup(written.path, written.signatures, ServerModel(written.path).run)
    with pytest.raises(ValueError, match=r"received none for \{'other'\}"):
        check_warmup(written.path, {**written.signatures, "other": {}}, ServerModel(written.path).run)


# What is wrong does not leave ------------------------------------------------------------------------


def writes(subject, side, path):
    return export.saved_model(subject, path) if side == "server" else export.tflite(subject, path)


def with_another_weight(monkeypatch, side, model, spoil):
    """Writes artifacts whose first kernel is not the model's."""
    writer = registry.resolve("export", "saved_model") if side == "server" else _convert.convert
    original = _endpoints.write_saved_model

    def spoiled(*arguments):
        kernel = model.encoder.layers[1].kernel
        kept = kernel.numpy()
        kernel.assign(spoil(kept))
        original(*arguments)
        kernel.assign(kept)

    monkeypatch.setattr(sys.modules[writer.__module__], "write_saved_model", spoiled)


@pytest.fixture
def square(digits):
    """A model whose first kernel is square, so that its transpose fits."""
    model = Recipe.of("undercomplete", latent_dim=4, network={"widths": [64, 16]}).build(digits)
    train(model, digits, epochs=2)
    return Subject.of(model, data=digits, name="square")


def one_weight(kernel):
    kernel = kernel.copy()
    kernel[20, 3] += 0.1 * kernel.std()
    return kernel


def test_an_onnx_file_of_another_model_is_caught(monkeypatch, square, tmp_path):
    described = type(square.model).describe
    monkeypatch.setattr(
        type(square.model), "describe", lambda self, x: {"z": 1.001 * described(self, x)["z"]}
    )
    square.cached("onnx", lambda: _with_honest_codes(square))
    with pytest.raises(export.ParityError, match=r"m\.onnx does not agree"):
        export.onnx(square, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def _with_honest_codes(subject):
    x = subject.preprocessor.to_x(subject.held_out)
    codes = subject.model.transform(subject.held_out)
    params = subject.model.decoder(codes)
    loss = subject.model.reconstruction_loss
    view = _views.edge_view(subject.preprocessor)
    expected = view.expected(np.asarray(loss.mean(params)), "reconstruction")
    expected |= {"z": codes, "score": np.asarray(loss.error(x, params))}
    return {"all": Case(view.feed(subject.held_out), expected, view.units("reconstruction"))}


def test_formats_that_cannot_be_written_here_are_left_out(monkeypatch):
    on_request = {"tiny", "trainable"}
    assert set(_bundle.available()) == set(registry.names("export")) - on_request
    module = sys.modules[registry.resolve("export", "onnx").__module__]
    monkeypatch.setattr(module, "REQUIRES", ("a_package_that_is_not_there",))
    assert "onnx" not in _bundle.available()


def test_a_missing_extra_is_named(monkeypatch, subject, tmp_path):
    monkeypatch.setattr("kerasae.export._onnx_model.REQUIRES", ("a_package_that_is_not_there",))
    with pytest.raises(ImportError, match=r"a_package_that_is_not_there.*pip install 'kerasae\[onnx\]'"):
        export.onnx(subject("dense"), tmp_path / "m.onnx")
    monkeypatch.setattr("kerasae.export._micro_model.REQUIRES", ("a_package_that_is_not_there",))
    with pytest.raises(ImportError, match=r"pip install 'kerasae\[tiny\]'"):
        export.tiny(subject("dense"), tmp_path / "m")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("side", ["server", "edge"])
@pytest.mark.parametrize("spoil", [one_weight, np.transpose, lambda kernel: kernel * 1.01])
def test_a_weight_that_is_not_the_models_is_caught(monkeypatch, square, tmp_path, side, spoil):
    with_another_weight(monkeypatch, side, square.model, spoil)
    with pytest.raises(export.ParityError, match=r"does not agree with its model.*nothing was written"):
        writes(square, side, tmp_path / "artifact")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("side", ["server", "edge"])
@pytest.mark.parametrize("verb", ["enter", "leave"])
def test_a_scaling_that_is_left_out_is_caught(monkeypatch, square, tmp_path, side, verb):
    if verb == "enter":
        monkeypatch.setattr(_views.ArrayView, "enter", lambda self, sent: tf.cast(sent["x"], tf.float32))
    else:
        monkeypatch.setattr(_views.ArrayView, "leave", lambda self, x, name: {name: x})
    with pytest.raises(export.ParityError):
        writes(square, side, tmp_path / "artifact")
    assert not list(tmp_path.iterdir())


def test_a_score_of_something_else_is_caught(monkeypatch, square, tmp_path):
    export.tflite(square, tmp_path / "good.tflite")
    square.__dict__["_kept"].pop("tflite")
    loss = type(square.model.reconstruction_loss)
    honest = loss.error
    monkeypatch.setattr(loss, "error", lambda self, x, params: 1.01 * honest(self, x, params))
    with pytest.raises(export.ParityError, match="anomaly_score score"):
        export.tflite(square, tmp_path / "bad.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["good.tflite"]


def test_a_tolerance_can_be_changed_and_must_be_known(square, tmp_path):
    with pytest.raises(export.ParityError, match="error_ratio"):
        export.tflite(square, tmp_path / "m.tflite", precision="int8", tolerance={"error_ratio": 0.5})
    with pytest.raises(ValueError, match="did you mean 'error_ratio'"):
        export.tflite(square, tmp_path / "m.tflite", tolerance={"eror_ratio": 0.5})
    assert not list(tmp_path.iterdir())


def test_an_operation_that_devices_lack_is_named(tmp_path):
    inputs = keras.Input((6,))
    encoder = keras.Model(inputs, keras.ops.arctanh(0.1 * keras.layers.Dense(4)(inputs)))
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
    model = UndercompleteAutoencoder(encoder, decoder)
    model.build((None, 6))
    with pytest.raises(ValueError, match="operations that TFLite has, received Atanh"):
        export.tflite(model, tmp_path / "m.tflite", examples=np.ones((9, 6), "float32"))


def test_an_operation_that_is_not_built_in_is_found_in_every_graph():
    class Two(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 3))])
        def plain(self, x):
            return {"y": 2.0 * x}

        @tf.function(input_signature=[tf.TensorSpec((1, 3))])
        def special(self, x):
            return {"y": tf.math.erfc(x)}

    two = Two()

    def content(*names):
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [getattr(two, name).get_concrete_function() for name in names], two
        )
        converter.allow_custom_ops = True
        return converter.convert()

    assert _convert.builtin_operations(content("plain")) == {"MUL": 1}
    with pytest.raises(ValueError, match="builtin operations alone, received Erfc"):
        _convert.builtin_operations(content("plain", "special"))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"precision": "int4"}, ValueError, "`precision` must be one of float32"),
        ({"name": "//"}, ValueError, "`name` must hold a letter or a digit"),
    ],
)
def test_bad_arguments(subject, tmp_path, arguments, error, message):
    what = subject("dense")
    with pytest.raises(error, match=message):
        export.tflite(what.model, tmp_path / "m.tflite", examples=what.held_out, **arguments)


def test_a_model_without_examples_is_refused(subject, tmp_path):
    model = subject("dense").model
    with pytest.raises(ValueError, match="compared with its model before it leaves"):
        export.tflite(model, tmp_path / "m.tflite")
    with pytest.raises(TypeError, match="Expected a run or an autoencoder"):
        export.tflite(keras.Sequential(), tmp_path / "m.tflite")


def test_deviations_are_in_units_and_codes_agree_or_not():
    expected = np.array([[1.0, 5.0], [2.0, np.nan]])
    assert compare(expected, expected) == {"max_deviation": 0.0, "mean_deviation": 0.0}
    assert compare(expected, expected + np.array([1, 0]), [2.0, 1.0])["max_deviation"] == 0.5
    assert compare(expected, np.nan_to_num(expected))["max_deviation"] == np.inf
    codes = compare(np.array([[3.0], [4.0]]), np.array([[3.2], [5.0]]), [0.0])
    assert codes == {"agreement": 0.5}
    assert compare(np.array(["a", "b"]), np.array(["a", "c"])) == {"agreement": 0.5}
    assert compare(np.zeros(3), np.zeros(4))["max_deviation"] == np.inf


# Bundles ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped(subject, tmp_path_factory):
    root = tmp_path_factory.mktemp("ship") / "ship"
    export.bundle(subject("table"), root, precisions=["float32", "int8"])
    return root


@pytest.fixture
def ship(shipped, tmp_path):
    shutil.copytree(shipped, tmp_path / "ship")
    return tmp_path / "ship"


def test_a_bundle_holds_what_it_promises(ship):
    for name in (
        "server/small/1/saved_model.pb",
        "server/small/1/assets.extra/tf_serving_warmup_requests",
        "server/models.config",
        "server/batching.config",
        "server/monitoring.config",
        "edge/small_float32.tflite",
        "edge/small_int8.tflite",
        "edge/vocabulary.json",
        "golden.npz",
        "parity.json",
        "manifest.json",
        "README.md",
        "verify_edge.py",
    ):
        assert (ship / name).is_file(), name
    manifest = json.loads((ship / "manifest.json").read_text())
    assert [one["path"] for one in manifest["artifacts"]] == [
        "onnx/small.onnx",
        "server/small/1",
        "edge/small_float32.tflite",
        "edge/small_int8.tflite",
    ]
    listed = set(manifest["files"]) | {name for one in manifest["artifacts"] for name in one["files"]}
    assert set(files_of(ship)) == listed | {"manifest.json"}
    for path, parity in json.loads((ship / "parity.json").read_text()).items():
        assert (ship / path).exists()
        assert {one["signature"] for one in parity["outputs"]} >= ({"all"} if "onnx" in path else VERBS)


def test_the_card_says_by_what_key_a_column_is_sent(ship):
    card = (ship / "README.md").read_text()
    assert r"| income \(USD\)/year | `income__USD__year` | number |" in card
    assert "`seed` is two int32" in card
    assert "`eps` is noise" in card


def test_a_folder_may_have_any_name(subject, ship, tmp_path):
    """TensorFlow looks for variables by a pattern, in which these characters have a meaning."""
    odd = tmp_path / "a [1] {b}*?" / "[c-d] $HOME %20 #ä"
    odd.parent.mkdir()
    ship.rename(odd)
    assert not export.verify(odd).faults
    export.bundle(subject("table"), odd, formats=["saved_model"])
    assert not export.verify(odd).faults
    codec = export.load(odd / "server" / "small" / "2", subject("table").model)
    assert codec.latent_dim == 3


def test_a_bundle_that_was_moved_verifies(ship, tmp_path):
    verdict = export.verify(ship.rename(tmp_path / "elsewhere"))
    assert not verdict.faults + verdict.notes
    assert len(verdict.artifacts) == 4


def by_copy(ship, to):
    """As `cp -rL` does: links, if there were any, become what they lead to."""
    shutil.copytree(ship, to, symlinks=False)


def by_zip(ship, to):
    shutil.unpack_archive(shutil.make_archive(str(to), "zip", ship), to)


def by_object_store(ship, to):
    """Keeps files by their names: no folders, and so no empty ones, no links, no permissions."""
    assert not any(path.is_symlink() for path in ship.rglob("*"))
    objects = {path.relative_to(ship): path.read_bytes() for path in ship.rglob("*") if path.is_file()}
    for name, content in objects.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_bytes(content)


def by_git(ship, to):
    def git(*arguments):
        settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=true")
        subprocess.run(["git", *settings, *arguments], check=True, capture_output=True)

    git("init", ship)
    git("-C", ship, "add", "--all")
    git("-C", ship, "commit", "-m", "a bundle")
    git("clone", ship, to)
    shutil.rmtree(to / ".git")


@pytest.mark.parametrize("way", [by_copy, by_zip, by_object_store, by_git])
def test_a_bundle_survives_its_way_to_a_device(ship, tmp_path, way):
    way(ship, tmp_path / "there")
    verdict = export.verify(tmp_path / "there", run=way is by_object_store)
    assert not verdict.faults + verdict.notes


def files_of(root):
    return {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}


def test_one_byte_changed_in_any_file_is_noticed(ship):
    rng = np.random.default_rng(0)
    assert not export.verify(ship, run=False).faults
    names = files_of(ship)
    assert {"manifest.json", "server/models.config", "README.md", "verify_edge.py"} < set(names)
    for name, path in names.items():
        kept = path.read_bytes()
        for place in rng.integers(0, len(kept), 200 if name == "manifest.json" else 3):
            content = bytearray(kept)
            content[place] ^= rng.integers(1, 256)
            path.write_bytes(content)
            faults = export.verify(ship, run=False).faults
            assert [line.startswith(f"{name}: changed") for line in faults] == [True], (name, place)
        path.unlink()
        if name != "manifest.json":
            assert export.verify(ship, run=False).faults == [f"{name}: missing"]
        path.write_bytes(kept)


@pytest.mark.parametrize(("old", "new"), [(b"\n", b"\t"), (b"0.0001", b"0.00010")])
def test_a_manifest_with_the_same_values_in_another_spelling_is_changed(ship, old, new):
    path = ship / "manifest.json"
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    assert json.loads(path.read_bytes()) == json.loads(content)
    faults = [f"{path.name}: changed since it was exported (checksum)"]
    assert export.verify(ship).faults == faults == verify_edge(ship)[1]


@pytest.mark.parametrize(
    "name", ["server/batching.config", "server/small/1/saved_model.pb", "onnx/small.onnx"]
)
def test_the_verifier_of_devices_checks_what_it_cannot_run(ship, name):
    content = bytearray((ship / name).read_bytes())
    content[len(content) // 2] ^= 1
    (ship / name).write_bytes(content)
    assert verify_edge(ship)[1] == [f"{name}: changed since it was exported (checksum)"]
    shutil.rmtree(ship / "server")
    shutil.rmtree(ship / "onnx")
    assert verify_edge(ship) == (2, [])


def test_answers_that_are_not_the_stored_ones_are_noticed(ship):
    golden = dict(np.load(ship / "golden.npz"))
    key = next(key for key in golden if key.startswith("edge:encode:out:z"))
    golden[key] = golden[key] + 1
    np.savez(ship / "golden.npz", **golden)
    manifest = read_sealed(ship / "manifest.json")
    manifest["files"]["golden.npz"] = checksum(ship / "golden.npz")
    write_sealed(ship / "manifest.json", manifest)
    faults = export.verify(ship).faults
    assert any("small_float32.tflite encode z: max_deviation" in line for line in faults)


def test_a_file_that_a_server_would_load_too_is_noticed(ship):
    (ship / "server/small/1/assets.extra/more").write_text("x")
    assert export.verify(ship).faults == ["server/small/1/assets.extra/more: not of this export"]


def test_a_second_export_publishes_the_next_version_and_leaves_the_first(subject, ship):
    first = (ship / "server/small/1/saved_model.pb").read_bytes()
    edge = (ship / "edge/small_float32.tflite").read_bytes()
    export.bundle(subject("table"), ship, formats=["saved_model"])
    assert (ship / "server/small/1/saved_model.pb").read_bytes() == first
    assert (ship / "server/small/2/saved_model.pb").is_file()
    assert (ship / "edge/small_float32.tflite").read_bytes() == edge
    verdict = export.verify(ship)
    assert not verdict.faults + verdict.notes
    assert len(verdict.artifacts) == 5
    export.bundle(subject("table"), ship, formats=["tflite"], precisions=["float16"])
    assert sorted(path.name for path in (ship / "edge").iterdir()) == [
        "small_float16.tflite",
        "vocabulary.json",
    ]
    assert not export.verify(ship).faults
    shutil.rmtree(ship / "server/small/1")
    verdict = export.verify(ship)
    assert not verdict.faults
    assert verdict.notes == ["server/small/1: an earlier version, removed since"]


def test_a_refused_export_changes_nothing(subject, ship):
    before = {path: path.stat().st_mtime_ns for path in ship.rglob("*")}
    with pytest.raises(export.ParityError):
        export.bundle(subject("table"), ship, precisions=["float32"], tolerance={"rank_correlation": 2.0})
    assert {path: path.stat().st_mtime_ns for path in ship.rglob("*")} == before


#: What float32 keeps, exact to some 1e-6, and fewer bits break, whose kernels are off by some 1e-4 at least.
STRICT = {"max_deviation": 3e-5}


def test_a_precision_that_fails_leaves_the_others_and_says_so(square, tmp_path):
    with pytest.warns(
        UserWarning, match=r"edge/square_int8\.tflite was left out: .* max_deviation"
    ) as warned:
        written = export.bundle(square, tmp_path / "ship", tolerance=STRICT)
    assert sum("was left out" in str(one.message) for one in warned) == 3
    assert [one.path.name for one in written] == ["square.onnx", "1", "square_float32.tflite"]
    manifest = json.loads((tmp_path / "ship" / "manifest.json").read_text())
    paths = [f"edge/square_{precision}.tflite" for precision in PRECISIONS[1:]]
    assert [one["path"] for one in manifest["refused"]] == paths
    parity = json.loads((tmp_path / "ship" / "parity.json").read_text())
    card = (tmp_path / "ship" / "README.md").read_text()
    for one in manifest["refused"]:
        assert "max_deviation" in one["reason"]
        assert parity[one["path"]]["breaches"]
        assert f"`{one['path']}` is not here: {one['reason']}." in card
        assert not (tmp_path / "ship" / one["path"]).exists()
    assert not export.verify(tmp_path / "ship").faults


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"formats": ["tflite"]}, ["square_float32.tflite"]),
        ({"formats": ["tflite"], "precisions": ["float32", "int8"]}, None),
        ({"formats": ["tflite"], "tolerance": {"error_ratio": 0.5}}, None),
        ({"formats": ["onnx"], "tolerance": {"max_deviation": 0.0}}, None),
    ],
)
def test_what_was_asked_for_by_name_fails_the_export(square, tmp_path, asked, names):
    asked = {"tolerance": STRICT, **asked}
    if names is None:
        with pytest.raises(export.ParityError):
            export.bundle(square, tmp_path / "ship", **asked)
        assert not (tmp_path / "ship").exists()
    else:
        with pytest.warns(UserWarning, match="was left out"):
            written = export.bundle(square, tmp_path / "ship", **asked)
        assert [one.path.name for one in written] == names


@pytest.mark.slow
def test_a_model_that_devices_cannot_run_leaves_for_a_server(tmp_path):
    inputs = keras.Input((6,))
    encoder = keras.Model(inputs, keras.ops.arctanh(0.1 * keras.layers.Dense(4)(inputs)))
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
    model = UndercompleteAutoencoder(encoder, decoder)
    model.build((None, 6))
    with pytest.warns(UserWarning, match=r"_float32\.tflite was left out: .*received Atanh"):
        written = export.bundle(model, tmp_path, examples=np.ones((9, 6), "float32"), name="m")
    assert {one.format for one in written} >= {"saved_model"}


def test_a_score_at_the_threshold_is_no_disagreement():
    """With 201 rows the quantile is one of the scores, and its last bit decides."""
    expected = np.random.default_rng(0).gamma(2.0, size=201).astype("float32")
    at_the_threshold = expected == np.float32(np.quantile(expected, 0.95))
    assert at_the_threshold.sum() == 1
    got = np.where(at_the_threshold, np.nextafter(expected, np.float32(np.inf)), expected)
    assert _parity._scores(expected, got)["decisions"] == 1.0
    # Beyond rounding it is one.
    got = np.where(np.argsort(np.argsort(expected)) == 195, 0.0, expected)
    assert _parity._scores(expected, got)["decisions"] == pytest.approx(199 / 200)
    assert _parity.is_decided(np.array([1.0, 2.0, HIGHEST]), 2.0).tolist() == [True, False, True]


def test_a_refused_first_export_leaves_no_folder(subject, tmp_path):
    with pytest.raises(export.ParityError):
        export.bundle(
            subject("table"), tmp_path / "new", precisions=["float32"], tolerance={"rank_correlation": 2.0}
        )
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_no_bundle_is_kept(subject, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="which is kept as it is"):
        export.bundle(subject("table"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


class Killed(BaseException):
    """A stop at a step of the publishing; nothing cleans up after it."""


@pytest.fixture(scope="module")
def staged(subject, shipped, tmp_path_factory):
    """What a second export has ready just before it is published."""
    home = tmp_path_factory.mktemp("staged")
    shutil.copytree(shipped, home / "ship")
    with pytest.MonkeyPatch.context() as patch:

        def keep(root):
            shutil.copytree(root / ".unfinished" / "new", home / "next")

        patch.setattr(_bundle, "publish", keep)
        export.bundle(subject("table"), home / "ship", precisions=["float32"])
    return home / "next"


def contents(root):
    """All files with what is in them, but for those of an export that has not ended."""
    found = files_of(root).items()
    return {name: path.read_bytes() for name, path in found if not name.startswith((".unfinished", ".lock"))}


def publish_until(step, root, error):
    """Publishes and is stopped before so many steps on the disk; whether it came to its end.

    A killed process does nothing any more; after an error, such as a disk that is full, the others go on.
    """
    steps = 0

    def counted(function):
        def call(*arguments, **keywords):
            nonlocal steps
            steps += 1
            if steps == step + 1 or (error is Killed and steps > step):
                raise error
            return function(*arguments, **keywords)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "replace", "mkdir", "unlink", "rmdir", "write_text"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        try:
            _publish.publish(root)
        except error:
            return False
    return True


@pytest.mark.parametrize("error", [Killed, OSError])
def test_an_export_that_is_stopped_at_any_step_is_not_published(staged, shipped, tmp_path, error):
    old, seen = contents(shipped), set()
    new = contents(staged) | {name: old[name] for name in old if name.startswith("server/small/1/")}
    for step in range(100):
        root = tmp_path / f"{step}" / "ship"
        shutil.copytree(shipped, root)
        shutil.copytree(staged, root / ".unfinished" / "new")
        ended = publish_until(step, root, error)
        version = json.loads((root / "manifest.json").read_text())["version"]
        whole = contents(root) == (new if version == 2 else old)
        interrupted = any(
            "was stopped while it was published" in one for one in export.verify(root, run=False).faults
        )
        # Until the next export an old manifest beside new parts is no secret.
        assert whole or interrupted, step
        if error is OSError:
            assert whole
            assert not interrupted
        seen.add((version, whole))
        with _publish.staging(root) as folder:
            assert not list(folder.iterdir())
        assert contents(root) == (new if version == 2 else old), step
        if ended:
            break
    assert ended
    assert {(1, True), (2, True)} <= seen
    assert ((1, False) in seen) == (error is Killed)


@pytest.mark.slow
def test_a_killed_process_leaves_the_old_bundle_whole(ship, subject, tmp_path):
    """The whole export as a process, killed at five moments."""
    what = subject("table")
    what.model.save(tmp_path / "model.keras")
    what.held_out.to_pickle(tmp_path / "rows.pkl")
    script = (
        "import sys, pandas as pd\n"
        "from kerasae import export, load_model\n"
        "model, rows = load_model(sys.argv[1]), pd.read_pickle(sys.argv[2])\n"
        "print('go', flush=True)\n"
        "export.bundle(model, sys.argv[3], examples=rows, name='small', precisions=['float32'])\n"
    )
    arguments = [tmp_path / "model.keras", tmp_path / "rows.pkl", ship]
    moments = [0.5, 3.0, 6.0, 9.0, 12.0]
    for moment in moments:
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        process.stdout.readline()
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with _publish.staging(ship):
            # As the next export does, which puts back what was moved.
            pass
        assert not export.verify(ship).faults
        assert (ship / "server/small/1").is_dir()


def test_one_export_at_a_time(ship):
    with (
        _publish.staging(ship),
        pytest.raises(ValueError, match=r"no other export into .*, but one is running"),
        _publish.staging(ship),
    ):
        pass


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int32", "int64", "float64"])
def test_vectors_of_any_type_leave_in_types_that_browsers_have(tmp_path, dtype):
    raw = np.random.default_rng(0).integers(0, 2 if dtype == "bool" else 100, (40, 5)).astype(dtype)
    spec = Spec("vector", (5,), dtype)
    data = Data("v", spec, Split(raw[:20]), Split(raw[20:25]), Split(raw[25:]))
    data = data.with_preprocessor(Rescaling(spec))
    model = Recipe.of(latent_dim=2, network={"widths": [4]}).build(data)
    written = export.tflite(model, tmp_path / "m.tflite", data=data)
    assert written.signatures["encode"]["inputs"]["x"]["dtype"] in ("float32", "int32", "uint8")


def test_an_endpoint_that_needs_a_compiler_is_refused(monkeypatch, subject, tmp_path):
    original = tf.function
    monkeypatch.setattr(
        _endpoints.tf, "function", lambda *one, **more: original(*one, **more, jit_compile=True)
    )
    with pytest.raises(ValueError, match="a server without XLA refuses it"):
        export.saved_model(subject("dense"), tmp_path / "server")
    assert not list(tmp_path.iterdir())


def test_a_bundle_says_where_its_artifacts_are(subject, tmp_path):
    written = export.bundle(subject("dense"), tmp_path / "ship", formats=["tflite"], precisions=["float32"])
    assert [one.path for one in written] == [tmp_path / "ship" / "edge" / "small_float32.tflite"]
    assert written[0].path.is_file()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda m, g: m.update(artifacts=[]), "no artifacts"),
        (lambda m, g: m["artifacts"][-1].update(tolerance={}), "no tolerance in the manifest"),
        (lambda m, g: g.pop("edge:encode:out:z"), "encode: z not stored in golden.npz"),
        (lambda m, g: g.pop("edge:encode:in:x"), "encode: x not stored in golden.npz"),
    ],
)
def test_a_bundle_that_lost_what_proves_it_is_no_proof(ship, spoil, said):
    manifest = read_sealed(ship / "manifest.json")
    golden = dict(np.load(ship / "golden.npz"))
    spoil(manifest, golden)
    np.savez(ship / "golden.npz", **golden)
    manifest["files"]["golden.npz"] = checksum(ship / "golden.npz")
    write_sealed(ship / "manifest.json", manifest)
    assert any(said in line for line in export.verify(ship).faults)


def test_a_file_that_cannot_be_run_is_named(ship):
    path = ship / "edge/small_int8.tflite"
    path.write_bytes(path.read_bytes()[:4000])
    manifest = read_sealed(ship / "manifest.json")
    manifest["artifacts"][-1]["files"]["edge/small_int8.tflite"] = checksum(path)
    write_sealed(ship / "manifest.json", manifest)
    (fault,) = export.verify(ship).faults
    assert fault.startswith("edge/small_int8.tflite: cannot be run: ")


def test_golden_strings_come_back_to_the_byte(tmp_path):
    texts = np.array([b"a\x00", b"", "é".encode()], dtype=object)
    case = Case({"x": texts}, {"y": np.arange(3.0)}, {})
    np.savez(tmp_path / "g.npz", **golden_arrays("server/1", {"verb": case}, 3))
    found = read_golden(tmp_path / "g.npz")
    assert found["server/1:verb:in:x"].tolist() == texts.tolist()
    np.testing.assert_array_equal(found["server/1:verb:out:y"], np.arange(3.0))
