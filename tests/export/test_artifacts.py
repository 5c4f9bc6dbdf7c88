"""What every artifact answers: all families and networks, in every precision."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from kerasae.export import Subject, endpoints
from kerasae.export.formats.saved_model._server_model import ServerModel
from kerasae.export.formats.saved_model._warmup import check_warmup, read_warmup

from kerasae import Recipe, export, registry
from kerasae.data import Data, Split
from kerasae.models import UndercompleteAutoencoder
from kerasae.preprocessing import Rescaling
from kerasae.spec import Spec

FAMILIES = registry.names("model")


PRECISIONS = export.TFLite.precisions


#: Cells that the plain suite looks at; the others take long.
QUICK = [("dense", "sparse")]

#: Families whose artifacts have the graph of a sparse model, with other weights: one network stands for all.
#: `benchmarks/export_table.py` has every cell.
SAME_GRAPH = ("contractive", "denoising", "undercomplete")

MATRIX = [
    pytest.param(
        network,
        family,
        marks=() if (network, family) in QUICK else pytest.mark.slow,
        id=f"{network}-{family}",
    )
    for network in ("dense", "conv", "spatial", "table", "text", "series", "windows")
    for family in FAMILIES
    if network == "dense" or family not in SAME_GRAPH
]


@pytest.mark.parametrize(("network", "family"), MATRIX)
def test_every_family_and_network_leaves_in_every_precision(artifacts, subject, tmp_path, network, family):
    on_server, in_float32 = artifacts(network, family)
    written = [
        export.TFLite(precision=precision).write(subject(network, family), tmp_path / "m.tflite")
        for precision in PRECISIONS[1:]
    ]
    written.append(export.ONNX().write(subject(network, family), tmp_path / "m.onnx"))
    for one in (on_server, in_float32, *written):
        assert not one.parity.breaches
        assert one.parity.use["rank_correlation"] > 0.99
    items = on_server.facts["itemised"]
    # The graphs alone: guards against what is not finite, the decoder of turned image files, and for a map
    # the signatures for images of any size.
    graphs = 460_000 if network == "spatial" else 400_000
    allowed = 1.15 * (items["weights"] + items["preprocessing"]) + graphs
    assert on_server.facts["bytes"] <= allowed


VERBS = {"reconstruct", "encode", "decode", "anomaly_score"}


DRAWS = {"sample", "sample_posterior"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "files"), [("dense", True), ("table", False), ("text", False), ("series", False)]
)
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
    written = export.TFLite().write(subject("dense", "sparse"), tmp_path / "m.tflite")
    assert set(written.signatures) == VERBS
    assert set(written.signatures["encode"]["outputs"]) == {"z"}


def test_numbers_with_a_row_that_cannot_be_judged_leave_as_onnx(tmp_path):
    """One graph answers codes and scores: what is no number has no code to compare."""
    rows = np.random.default_rng(0).normal(size=(60, 6)).astype("float32")
    model = Recipe.of(latent_dim=2, network={"widths": [4]}).build(Spec("vector", (6,)))
    written = export.ONNX().write(model, tmp_path / "m.onnx", examples=rows)
    assert not written.parity.breaches


@pytest.mark.slow
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
    eps = np.asarray(tf.function(endpoints.draw)(seeds, 3))
    np.testing.assert_allclose(eps.mean(axis=0), 0, atol=4 / np.sqrt(4000))
    np.testing.assert_allclose(np.cov(eps.T), np.eye(3), atol=0.1)


def test_an_artifact_answers_in_raw_units(subject, edge):
    what = subject("dense")
    pixels = what.held_out[:20]
    found = edge("dense").run("reconstruct", {"x": pixels})["reconstruction"]
    ours = what.model.inverse_transform(what.model.transform(pixels))
    assert np.abs(np.rint(found) - ours).max() <= 1
    assert found.max() > 2


def test_weights_are_stored_once_for_all_signatures(tmp_path, digits):
    model = Recipe.of("undercomplete", latent_dim=4, network={"widths": [300]}).build(digits)
    what = Subject.of(model, data=digits)
    weights = 4 * endpoints.served_elements(model)
    assert endpoints.served_elements(model) == model.count_params()
    sizes = {
        precision: export.TFLite(precision=precision).write(what, tmp_path / "m.tflite").facts["bytes"]
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
    written = export.TFLite().write(model, tmp_path / "m.tflite", examples=x, name="mine")
    assert written.parity.use["error_ratio"] == pytest.approx(1, abs=1e-5)
    served = export.SavedModel().write(model, tmp_path / "server", examples=x)
    found = ServerModel(served.path).run("encode", {"x": x})["z"]
    np.testing.assert_allclose(found, model.transform(x), atol=1e-6)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int32", "int64", "float64"])
def test_vectors_of_any_type_leave_in_types_that_browsers_have(tmp_path, dtype):
    raw = np.random.default_rng(0).integers(0, 2 if dtype == "bool" else 100, (40, 5)).astype(dtype)
    spec = Spec("vector", (5,), dtype)
    data = Data("v", spec, Split(raw[:20]), Split(raw[20:25]), Split(raw[25:]))
    data = data.with_preprocessor(Rescaling(spec))
    model = Recipe.of(latent_dim=2, network={"widths": [4]}).build(data)
    written = export.TFLite().write(model, tmp_path / "m.tflite", data=data)
    assert written.signatures["encode"]["inputs"]["x"]["dtype"] in ("float32", "int32", "uint8")


@pytest.mark.slow
def test_warm_up_requests_are_one_a_signature_and_run(artifacts):
    written, _ = artifacts("dense")
    requests = read_warmup(written.path)
    assert {name for name, _ in requests} == set(written.signatures) - {"serving_default"}
    check_warmup(written.path, written.signatures, ServerModel(written.path).run)
    with pytest.raises(ValueError, match=r"received none for \{'other'\}"):
        check_warmup(written.path, {**written.signatures, "other": {}}, ServerModel(written.path).run)
