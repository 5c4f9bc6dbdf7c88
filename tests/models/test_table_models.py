"""Models of tables: trainings with gaps, embeddings, noise, and streams."""

import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from table_rows import rows, table_model, with_gaps, write_rows

from kerasae import Recipe, load_data, registry, train
from kerasae.data.tables import from_frame
from kerasae.layers import ColumnEmbedding
from kerasae.preprocessing import TablePreprocessing
from kerasae.spec import Spec

FAMILIES = registry.names("model")


@pytest.fixture
def path(tmp_path):
    return write_rows(tmp_path / "t.csv")


RELOAD = """
import sys, numpy as np, pandas as pd, kerasae
model = kerasae.load_model(sys.argv[1])
frame = pd.read_pickle(sys.argv[2])
codes = model.transform(frame)
np.save(sys.argv[3], codes)
model.inverse_transform(codes).to_pickle(sys.argv[4])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "family",
    [
        "variational",
        *(pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES if name != "variational"),
    ],
)
def test_a_table_with_gaps_trains_reloads_and_comes_back(family, path, tmp_path, run_python):
    recipe = Recipe.of(
        family,
        source=str(path),
        latent_dim=2,
        data={"labels": "label", "id": "key"},
        network={"widths": [16]},
    )
    with pytest.warns(UserWarning, match="'empty' has no value"):
        data = recipe.load()
    model = recipe.build(data)
    history = train(model, data, epochs=10, batch_size=32, learning_rate=0.01)
    assert history.epochs[-1]["reconstruction"] < history.epochs[0]["reconstruction"] - 1
    codes = model.transform(data.test.examples)
    table = model.inverse_transform(codes)
    assert list(table.columns) == list(data.test.examples.columns)
    assert (table.dtypes == data.test.examples.dtypes).all()
    assert not table.drop(columns="empty").isna().any().any()
    model.save(tmp_path / "m.keras")
    data.test.examples.to_pickle(tmp_path / "rows.pkl")
    run_python(RELOAD, *(tmp_path / name for name in ("m.keras", "rows.pkl", "codes.npy", "table.pkl")))
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), codes)
    pd.testing.assert_frame_equal(pd.read_pickle(tmp_path / "table.pkl"), table)


PLAIN = """
import sys, numpy as np, keras, tensorflow as tf
encoder, decoder = (keras.saving.load_model(path) for path in sys.argv[1:3])
rows = np.load(sys.argv[3], allow_pickle=True).item()
rows = {name: tf.constant(value) for name, value in rows.items()}
codes = encoder(rows)
np.save(sys.argv[4], codes)
assert "kerasae" not in sys.modules
print({name: value.dtype.name for name, value in decoder(codes).items()})
"""


@pytest.mark.parametrize("frequencies", [0, 3])
def test_plain_parts_load_without_kerasae(frequencies, tmp_path, run_python):
    model, data = table_model("variational", rows(), network={"frequencies": frequencies})
    model.plain_encoder().save(tmp_path / "e.keras")
    model.plain_decoder().save(tmp_path / "d.keras")
    np.save(tmp_path / "rows.npy", model.preprocessor.tensors(data.test.examples), allow_pickle=True)
    out = run_python(PLAIN, *(tmp_path / name for name in ("e.keras", "d.keras", "rows.npy", "codes.npy")))
    np.testing.assert_allclose(
        np.load(tmp_path / "codes.npy"), model.transform(data.test.examples), atol=1e-6
    )
    assert "'category': 'string'" in out


def test_a_row_is_embedded_as_numbers_vectors_and_marks():
    layer = ColumnEmbedding([0, 3])
    found = layer(np.array([[1.5, 2], [np.nan, np.nan]], "float32"))
    (table,) = layer.get_weights()
    np.testing.assert_allclose(found, [[1.5, *table[2], 0, 0], [0, *table[3], 1, 1]])


def test_what_stands_in_for_a_missing_entry_has_no_mark():
    layer = ColumnEmbedding([0, 3, 0], stand_ins=[0.4, 1.0, None])
    gap = np.full((1, 3), np.nan, "float32")
    found = layer(gap)
    (table,) = layer.get_weights()
    np.testing.assert_allclose(found, [[0.4, 0, *table[1], 0, 0, 1]])
    again = ColumnEmbedding.from_config(layer.get_config())
    again.build((None, 3))
    again.set_weights([table])
    np.testing.assert_array_equal(again(gap), found)
    layer.mark_all()
    np.testing.assert_allclose(layer(gap), [[0, 0, *table[3], 1, 1, 1]])


def test_frequencies_are_those_of_numbers_alone():
    """Not of the vectors of categories, nor of the marks: neither has a scale."""
    plain, waved = (
        table_model("undercomplete", rows(), network={"frequencies": count})[0].encoder for count in (0, 3)
    )
    before, after = (
        next(layer for layer in encoder.layers if hasattr(layer, "kernel")).kernel.shape[0]
        for encoder in (plain, waved)
    )
    numbers = sum(column.kind != "category" for column in from_frame(rows()).spec.features)
    assert after - before == 2 * 3 * numbers


_MASKING = {"model": {"corruption": {"name": "masking", "level": 0.1}}}


@pytest.mark.parametrize(("share", "sections"), [(0.3, {}), (0, _MASKING), (0, {})])
def test_a_missing_entry_is_not_the_mean_where_a_training_has_some(tmp_path, share, sections):
    """It is marked: the code of a row differs whether an entry is missing or average.

    A mark that no training saw has the weights that it was drawn with: it disturbed all columns.
    """
    model, data = table_model("undercomplete", with_gaps(rows(), share), **sections)
    row = rows(1)
    usual = {
        "number": model.preprocessor.centers[0],
        "category": model.spec.features[-2].categories[0],
    }
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    for name, value in usual.items():
        gap, mean = (loaded.transform(row.assign(**{name: [entry]})) for entry in (None, value))
        assert (np.abs(gap - mean).max() > 1e-4) == bool(share or sections), name
        np.testing.assert_array_equal(gap, model.transform(row.assign(**{name: [None]})))
    lacking = row.assign(number=np.nan, category=None)
    plain = loaded.plain_encoder()(data.preprocessor.tensors(lacking))
    np.testing.assert_allclose(plain, loaded.transform(lacking), atol=1e-5)


def test_columns_that_were_complete_are_kept_with_the_spec():
    frame = rows()
    frame.loc[3, "number"] = np.nan
    spec = TablePreprocessing(from_frame(frame).spec).fit(frame).spec
    share = pytest.approx(frame["bit"].mean())
    assert [column.stand_in for column in spec.columns] == [None, 0, frame["flag"].mean(), share, 0, 0, 1, 1]
    assert Spec.from_dict(spec.to_dict()) == spec


def test_the_contraction_acts_behind_the_embedding():
    model, data = table_model("contractive", rows(), model={"weight": 1.0})
    x = tf.constant(data.x("test")[:16])
    split = model._embedding
    embedded = split.embed(x)
    with tf.GradientTape() as tape:
        tape.watch(embedded)
        codes = split.encode_from(embedded)
    jacobian = tape.batch_jacobian(codes, embedded)
    exact = float(tf.reduce_mean(tf.reduce_sum(tf.square(jacobian), axis=[1, 2])))
    np.testing.assert_allclose(codes, model.encode(x), atol=1e-6)
    logs = model.test_on_batch(np.array(x), return_dict=True)
    assert logs["contraction"] == pytest.approx(exact, rel=1e-4)
    assert exact > 0


def test_a_contraction_cannot_be_escaped_by_large_embeddings():
    model, _ = table_model("contractive", rows())
    embedding = next(layer for layer in model.encoder.layers if getattr(layer, "is_embedding", False))
    assert all(
        isinstance(table.constraint, keras.constraints.MaxNorm) for table in embedding.trainable_variables
    )
    assert all(v.constraint is not None for v in model.decoder.trainable_variables if len(v.shape) > 1)


@pytest.mark.parametrize("corruption", ["swap", "masking", "gaussian", "salt_and_pepper"])
def test_noise_leaves_codes_legal(corruption):
    model, data = table_model("denoising", rows(), model={"corruption": corruption, "level": 0.5})
    x = tf.constant(data.x("test"))
    noisy = model.corrupt(x, True, None, True).numpy()
    assert (noisy != x.numpy()).any()
    codes = [i for i, column in enumerate(data.spec.features) if column.kind not in ("number", "date")]
    found = noisy[:, codes]
    present = found[~np.isnan(found)]
    assert (present == np.round(present)).all()
    for i in codes:
        limit = max(data.spec.features[i].width, 2)
        assert np.nanmax(noisy[:, i]) < limit
    assert np.isnan(noisy).any() == (corruption == "masking")


def test_noise_for_numbers_needs_numbers():
    with pytest.raises(ValueError, match="needs columns of numbers"):
        table_model("denoising", rows()[["flag", "category"]], model={"corruption": "gaussian"})


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"network": {"name": "dense"}}, "'dense' needs arrays of numbers.* use --network table"),
        (
            {"loss": {"name": "squared_error"}},
            "The loss 'squared_error' is for examples of kind image or vector",
        ),
    ],
)
def test_what_has_no_meaning_for_a_table_says_so(sections, message):
    with pytest.raises(ValueError, match=message):
        table_model("undercomplete", rows(), **sections)


@pytest.mark.slow
def test_streamed_training_is_repeatable(path):
    found = []
    for _ in range(2):
        recipe = Recipe.of(
            source=str(path), latent_dim=2, data={"stream": True, "labels": "label", "id": "key"}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = recipe.load()
        found.append(train(recipe.build(data), data, epochs=3, batch_size=32).epochs)
    assert found[0] == found[1]


@pytest.mark.parametrize("block", [256, 16])
def test_a_streamed_epoch_has_each_row_once(path, monkeypatch, block):
    monkeypatch.setattr("kerasae.data.tables._stored_x._BLOCK", block)
    monkeypatch.setattr("kerasae.data.tables._stored_x._MIXED", 3)
    data = load_data(path, stream=True, id="key", labels="label")
    with pytest.warns(UserWarning, match="empty"):
        data = data.with_preprocessor(TablePreprocessing(data.spec))
    batches, steps, _ = data.training_batches(8, seed=1)
    epoch = np.concatenate(list(batches.take(steps).as_numpy_iterator()))
    again = data.training_batches(8, seed=1, first_epoch=1)[0]
    both = np.concatenate(list(batches.take(2 * steps).as_numpy_iterator()))
    np.testing.assert_array_equal(
        np.concatenate(list(again.take(steps).as_numpy_iterator())), both[len(epoch) :]
    )
    rows_of = lambda x: sorted(map(str, np.nan_to_num(x, nan=-99).tolist()))  # noqa: E731
    assert len(epoch) == len(data.train)
    assert rows_of(epoch) == rows_of(data.x("train"))
    assert not np.array_equal(epoch, both[len(epoch) :], equal_nan=True)
