"""Preprocessors of arrays against NumPy: what is learned, the way there and back, and what is refused."""

import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from kerasae import registry
from kerasae.kinds import kind_of
from kerasae.preprocessing import (
    Identity,
    Preprocessor,
    Rescaling,
    Standardization,
    check_rows,
    slices,
)
from kerasae.preprocessing._columns import restore_column
from kerasae.preprocessing._dtypes import to_dtype
from kerasae.preprocessing._mixed_objects import mixed_name, mixed_objects
from kerasae.preprocessing._raw_types import as_type
from kerasae.spec import Column, Spec

VECTOR = Spec("vector", (4,), "float64")
IMAGE = Spec("image", (2, 3, 1), "uint8", low=0, high=255)


def rows(count=60, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(loc=[1.0, -20.0, 3e5, 0.0], scale=[1.0, 5.0, 100.0, 1e-3], size=(count, 4))


def cut(raw):
    """The rows in three parts of unlike size."""
    return lambda: [raw[:7], raw[7:8], raw[8:]]


# Standardization -------------------------------------------------------------------------------------


def test_moments_are_those_of_numpy_in_any_parts():
    raw = rows()
    raw[:, 3] = 0.25
    with pytest.warns(UserWarning, match=r"1 of 4 features are constant in the training split .* 3 \("):
        found = Standardization(VECTOR).fit_chunks(cut(raw))
    std = raw.std(axis=0)
    std[3] = 1
    np.testing.assert_allclose(found.mean, raw.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.std, std, rtol=1e-9)
    np.testing.assert_array_equal(found.low, raw.min(axis=0))
    np.testing.assert_array_equal(found.high, raw.max(axis=0))
    expected = (raw - raw.mean(axis=0)) / std
    np.testing.assert_allclose(found.to_x(raw), expected, atol=1e-5)
    np.testing.assert_allclose(found.ends, (expected.min(axis=0), expected.max(axis=0)), rtol=1e-9)
    np.testing.assert_allclose(found.affine, (raw.mean(axis=0), std), rtol=1e-9)
    np.testing.assert_allclose(found.restore(found.to_x(raw)), raw, rtol=1e-5, atol=1e-6)
    again = Standardization.from_config(found.get_config())
    np.testing.assert_array_equal(again.to_x(raw), found.to_x(raw))
    assert Standardization(VECTOR).ends is None
    counted = found.counted_from(np.array([1.0, -20.0, 3e5, 0.0]))
    near = (raw - [1.0, -20.0, 3e5, 0.0]).astype("float32")
    np.testing.assert_allclose(counted.to_x(near), expected, atol=1e-4)


def test_what_does_not_vary_at_all_is_refused_and_what_is_unknown_too():
    with pytest.raises(ValueError, match=r"needs a feature that varies, received 4 constant"):
        Standardization(VECTOR).fit(np.ones((5, 4)))
    with pytest.raises(ValueError, match="The moments are not known yet"):
        Standardization(VECTOR).to_x(rows())
    many = Spec("vector", (9,), "float64")
    raw = np.zeros((5, 9))
    raw[:, 0] = np.arange(5)
    for constant, said in ((6, "0, 1, 2, 3, 4, ..."), (5, "0, 1, 2, 3, 4 (")):
        raw = np.random.default_rng(0).normal(size=(5, 9))
        raw[:, :constant] = 2
        with pytest.warns(UserWarning) as caught:
            Standardization(many).fit(raw)
        assert said in str(caught[0].message)


def test_a_density_of_x_becomes_one_of_raw_numbers():
    raw = rows()
    found = Standardization(VECTOR).fit(raw)
    x = found.to_x(raw[:3])
    x[1, 2] = x[2, 0] = np.nan
    logs = np.log(raw.std(axis=0))
    expected = [logs.sum(), logs.sum() - logs[2], logs.sum() - logs[0]]
    np.testing.assert_allclose(found.log_volume(x), expected)
    with pytest.raises(ValueError, match="Expected numbers that were shifted and scaled"):
        Preprocessor(VECTOR).log_volume(x)


@pytest.mark.parametrize("size", [1e3, -1e6])
def test_one_gross_error_in_a_hundred_rows_does_not_count(size):
    raw = rows(100)
    raw[40, 1] = size
    with pytest.warns(UserWarning, match="feature 1 "):
        found = Standardization(VECTOR).fit_chunks(cut(raw))
    kept = np.delete(raw[:, 1], 40)
    assert (found.mean[1], found.std[1]) == pytest.approx((kept.mean(), kept.std()))
    assert (found.low[1], found.high[1]) == (kept.min(), kept.max())
    assert found.gross == [0, 1, 0, 0]
    assert found.mean[0] == pytest.approx(raw[:, 0].mean())


# Rescaling -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"low": -50.0}, {"high": 4e5}, {"low": -50.0, "high": 4e5}])
def test_a_range_is_what_is_said_or_what_is_found(given):
    raw = rows()
    found = Rescaling(VECTOR, **given).fit_chunks(cut(raw))
    low, high = given.get("low", raw.min()), given.get("high", raw.max())
    assert (found.low, found.high) == (low, high)
    expected = (raw - low) / (high - low)
    np.testing.assert_allclose(found.to_x(raw), expected, atol=1e-6)
    assert found.ends == (0, 1)
    np.testing.assert_array_equal(found.affine, (low, high - low))
    np.testing.assert_allclose(found.inverse(expected), raw, atol=1e-6)
    near = found.counted_from(10.0)
    assert (near.low, near.high) == pytest.approx((low - 10, high - 10))
    np.testing.assert_allclose(near.to_x((raw - 10).astype("float32")), expected, atol=1e-6)


def test_a_known_range_needs_no_fit_and_an_empty_one_is_refused():
    raw = np.arange(12, dtype="uint8").reshape(2, 2, 3) * 20
    np.testing.assert_allclose(Rescaling(IMAGE).to_x(raw), raw[..., None] / 255, atol=1e-6)
    np.testing.assert_array_equal(Rescaling(IMAGE).restore(raw[..., None] / 255.0), raw[..., None])
    # What lies beyond the range comes back at its ends.
    np.testing.assert_array_equal(Rescaling(IMAGE).restore(np.full((1, 2, 3, 1), [1.5])), 255)
    np.testing.assert_array_equal(Rescaling(IMAGE).restore(np.full((1, 2, 3, 1), [-0.5])), 0)
    with pytest.raises(ValueError, match="The range is not known yet"):
        Rescaling(VECTOR).to_x(rows())
    for low, high in ((1.0, 1.0), (2.0, 1.0)):
        with pytest.raises(ValueError, match="`low` must be below `high`"):
            Rescaling(VECTOR, low=low, high=high)
    with pytest.raises(ValueError, match="data of one value cannot be rescaled"):
        Rescaling(VECTOR).fit(np.ones((5, 4)))


# Identity --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("span", "warned"), [(11.0, True), (13.0, False)])
def test_digits_that_are_lost_are_a_hundredth_of_the_range(span, warned):
    """Around 2**20 float32 has steps of 0.125."""
    raw = np.tile([0.0, 1.0, 2.0, 3.0], (20, 1))
    raw[:, 2] = 2.0**20 + np.random.default_rng(0).permutation(np.linspace(0, span, 20))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Identity(VECTOR).fit_chunks(cut(raw))
    assert [str(one.message).startswith("Feature 2 (counted from 0)") for one in caught] == [True] * warned


def test_numbers_as_they_are():
    raw = rows()
    same = Identity(VECTOR)
    np.testing.assert_array_equal(same.to_x(raw), raw.astype("float32"))
    np.testing.assert_array_equal(same.affine, (0, 1))
    assert same.ends is None and Identity(IMAGE).ends == (0, 255)
    for ends in ({"low": 0.0}, {"high": 1.0}):
        assert Identity(Spec("vector", (1,), "float64", **ends)).ends is None
    assert same.counted_from(0.0).spec.dtype == "float32"
    with pytest.raises(ValueError, match="have no origin but 0"):
        same.counted_from(np.array([0, 0, 1.0, 0]))
    assert same.log_volume(raw.astype("float32")).tolist() == [0.0] * 60


# What all share --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64"])
def test_integers_are_rounded_and_kept_in_their_range(dtype):
    limits = np.iinfo(dtype)
    found = to_dtype(np.array([1.4, 1.6, 2.5, 1e30, -1e30]), dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found[:3], [1, 2, 2])
    assert found[4] == limits.min
    # Of 64 bits the greatest that a float can be.
    top = {"int64": 2**63 - 1024, "uint64": 2**64 - 2048}.get(dtype, limits.max)
    assert int(found[3]) == top


def test_other_types_are_no_integers():
    np.testing.assert_array_equal(to_dtype(np.array([0.2, 0.7]), "bool"), [False, True])
    np.testing.assert_array_equal(to_dtype(np.array([0.2, 1e30]), "float32"), np.float32([0.2, 1e30]))


def test_rows_come_in_slices():
    nest = {"a": np.arange(7), "b": np.arange(14).reshape(7, 2)}
    parts = list(slices(nest, 3))
    assert [len(part["a"]) for part in parts] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate([part["b"] for part in parts]), nest["b"])
    for empty in (np.empty((0, 3)), {"a": np.empty(0)}):
        with pytest.raises(ValueError, match="at least one example, received none"):
            check_rows(empty)
        with pytest.raises(ValueError, match="at least one example, received none"):
            list(slices(empty, 3))
    found = Identity(VECTOR).to_x(rows(9), batch_size=4)
    np.testing.assert_array_equal(found, rows(9).astype("float32"))


@pytest.mark.parametrize(
    "raw",
    [
        np.zeros((2, 3)),
        np.zeros((2, 4, 1)),
        np.zeros(4),
        np.array([["a"] * 4]),
        np.zeros((2, 4), complex),
        np.zeros((2, 4), object),
    ],
)
def test_examples_of_another_shape_or_type_are_refused(raw):
    with pytest.raises(ValueError, match=r"Expected examples of shape \(rows, 4\), received"):
        Identity(VECTOR).tensors(raw)


def test_grey_levels_need_no_channel_and_a_warning_where_they_were_scaled():
    assert Rescaling(IMAGE).tensors(np.zeros((5, 2, 3), "uint8")).shape == (5, 2, 3, 1)
    assert Rescaling(IMAGE).tensors(np.zeros((5, 2, 3, 1), "uint8")).shape == (5, 2, 3, 1)
    for greatest, warned in ((0.9, True), (1.0, True), (1.1, False), (200.0, False)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Rescaling(IMAGE).tensors(np.full((1, 2, 3, 1), greatest))
        assert len(caught) == warned
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Rescaling(IMAGE).tensors(np.zeros((0, 2, 3, 1)))
        Rescaling(IMAGE).tensors(np.zeros((1, 2, 3, 1), "uint8"))
        Identity(VECTOR).tensors(np.zeros((1, 4)))


def test_the_preprocessor_that_suits():
    suits = {
        IMAGE: "rescaling",
        Spec("image", (2, 2, 1), "float64"): "rescaling",
        VECTOR: "standardization",
        Spec("vector", (3,), "float64", low=0.0, high=1.0): "rescaling",
        Spec("table", (1,), "mixed"): "table",
        Spec("text", (1,), "string"): "text",
    }
    assert {spec: kind_of(spec).preprocessing for spec in suits} == suits
    for name in ("table", "text"):
        with pytest.raises(ValueError, match=f"is for examples of kind {name}, received kind 'vector'"):
            registry.get("preprocessing", {"name": name, "spec": VECTOR})


@pytest.mark.parametrize(
    ("dtype", "precision"),
    [
        ("uint8", "float32"),
        ("int16", "float32"),
        ("float32", "float32"),
        ("int32", "float64"),
        ("float64", "float64"),
    ],
)
def test_numbers_are_scaled_in_a_type_that_holds_them(dtype, precision):
    assert Identity(Spec("vector", (1,), dtype)).precision == precision


# Columns of a table ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "expected"), [(0.0, 86400.25), (1.0, 86400.0), (86400.0, 86400.0), (7.0, 86401.0)]
)
def test_numbers_come_back_as_multiples_of_their_step(step, expected):
    found = restore_column(np.array([86400.25, np.nan]), 2, Column("n", "number", "float64"), step, "float64")
    np.testing.assert_array_equal(found, [expected, np.nan])


def test_days_come_back_as_days():
    column = Column("d", "date", "datetime64[us]")
    seconds = np.array([1.4, 1.6, np.nan]) * 86400
    found = restore_column(seconds, 3, column, 86400.0, "datetime64[us]")
    expected = pd.Series(["1970-01-02", "1970-01-03", None], dtype="datetime64[us]")
    pd.testing.assert_series_equal(found, expected)


def test_decimals_keep_their_places():
    found = as_type(pd.Series([1.234, np.nan, -0.5]), "object[decimal(2)]")
    assert found.tolist() == [Decimal("1.23"), None, Decimal("-0.50")]


def test_objects_of_several_types_are_read_by_the_strictest_that_writes_them_so():
    objects = pd.Series([1, "a", "7", True, 2.5, None, 1], dtype=object)
    name = mixed_name(objects)
    assert name == 'bool|int|float|str {"7": "str"}'
    texts = objects.map(lambda value: None if value is None else str(value))
    again = mixed_objects(texts, name)
    assert again.tolist() == objects.tolist()
    assert [type(value) for value in again] == [type(value) for value in objects]
    assert mixed_name(pd.Series([1, object()], dtype=object)) == ""


def test_a_table_keeps_one_category_at_least():
    spec = Spec("table", (1,), "mixed", columns=(Column("c", "category", "str"),))
    for most in (0, -1):
        with pytest.raises(ValueError, match="`max_categories` must be positive"):
            registry.get("preprocessing", {"name": "table", "spec": spec, "max_categories": most})
    one = registry.get("preprocessing", {"name": "table", "spec": spec, "max_categories": 1})
    one.fit(pd.DataFrame({"c": ["b", "a", "b", "c"]}))
    assert one.spec.columns[0].categories == ("b",)
    np.testing.assert_array_equal(one.to_x(pd.DataFrame({"c": ["a", "b", None]}))[:, 0], [0, 1, np.nan])
