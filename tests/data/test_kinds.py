"""The battery of the kinds: what every kind of examples must say, and the rows of what is raw."""

import numpy as np
import pandas as pd
import pytest

from kerasae import registry
from kerasae.kinds import Kind, concatenate, kind_of, take
from kerasae.spec import Spec

KINDS = registry.names("kind")


def example(name):
    return kind_of(registry.resolve("kind", name).example())


@pytest.mark.parametrize("name", KINDS)
def test_its_example_is_of_its_kind(name):
    kind = example(name)
    assert kind.spec.kind == name
    assert kind.has_examples_like(kind.spec)
    others = [registry.resolve("kind", other).example() for other in KINDS if other != name]
    assert not any(kind.has_examples_like(spec) for spec in others)


@pytest.mark.parametrize("name", KINDS)
def test_its_defaults_are_members_of_the_rooms(name):
    kind = example(name)
    assert kind.network in registry.names("network")
    assert kind.preprocessing in registry.names("preprocessing")
    assert kind.measures in registry.names("measures")
    assert kind.view in registry.names("view")
    assert kind.corruption in registry.names("corruption")
    assert kind.loss is None or kind.loss in registry.names("loss")


@pytest.mark.parametrize("name", KINDS)
def test_its_default_loss_takes_its_examples(name):
    from kerasae import Recipe

    spec = example(name).spec
    assert spec.kind in registry.resolve("loss", Recipe.of().fill(spec).loss["name"]).kinds


@pytest.mark.parametrize("name", KINDS)
def test_every_feature_has_a_name_of_its_own(name):
    kind = example(name)
    assert len(set(kind.feature_names)) == kind.spec.size


@pytest.mark.parametrize("name", KINDS)
def test_squares_are_zero_for_the_same_and_one_for_a_wrong_code(name):
    kind = example(name)
    rng = np.random.default_rng(0)
    x = np.where(kind.is_code, 1.0, rng.normal(size=(7, *kind.spec.shape)))
    assert not kind.squares(x, x).any()
    squares = kind.squares(x, x + 3)
    assert np.allclose(squares, np.where(kind.is_code, 1.0, 9.0))
    assert squares.shape == x.shape


def test_a_missing_number_has_no_square_and_a_missing_code_is_wrong():
    kind = example("table")
    squares = kind.squares(np.full((1, 4), np.nan), np.zeros((1, 4)))
    assert np.array_equal(squares, [[np.nan, np.nan, 1.0, 1.0]], equal_nan=True)


def test_a_missing_reading_has_no_square():
    kind = example("series")
    x = np.ones((1, *kind.spec.shape))
    x[0, 2, 1] = np.nan
    squares = kind.squares(x, np.zeros_like(x))
    assert squares[0, 2, 1] == 0
    assert squares.sum() == kind.spec.size - 1


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_with_gaps_says_what_a_missing_entry_means(name):
    kind = example(name)
    assert len(kind.feature_columns) == (kind.spec.size if kind.has_gaps else 0)


@pytest.mark.parametrize(
    "spec, network, preprocessing",
    [
        (Spec("image", (32, 32, 3), "uint8", 0.0, 255.0), "dense", "rescaling"),
        (Spec("image", (33, 32, 1), "float32"), "conv", "rescaling"),
        (Spec("vector", (9,), "uint8", 0.0, 255.0), "dense", "rescaling"),
        (Spec("vector", (9,)), "dense", "standardization"),
    ],
)
def test_defaults_of_arrays(spec, network, preprocessing):
    assert (kind_of(spec).network, kind_of(spec).preprocessing) == (network, preprocessing)


def test_images_of_another_size_are_not_like_these():
    small, large = Spec("image", (8, 8, 1)), Spec("image", (16, 16, 1))
    assert not kind_of(small).has_examples_like(large)


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="Unknown kind 'sound'"):
        kind_of(Spec("sound", (1,)))


def test_a_kind_without_an_example_says_what_is_missing():
    with pytest.raises(NotImplementedError, match="Kind must write `example`"):
        Kind.example()


@pytest.mark.parametrize(
    "raw", [np.arange(12).reshape(6, 2), pd.DataFrame({"a": range(6), "b": list("abcdef")})]
)
def test_what_is_taken_apart_is_put_together(raw):
    parts = [take(raw, slice(0, 2)), take(raw, np.array([2, 3])), take(raw, np.arange(6) > 3)]
    together = concatenate(parts)
    assert type(together) is type(raw)
    assert np.array_equal(np.asarray(together), np.asarray(raw))


RAW = {
    "image": np.arange(48, dtype="uint8").reshape(2, 4, 3, 2),
    "vector": np.arange(10.0).reshape(2, 5),
    "table": pd.DataFrame(
        {
            "length": [1.5, 2.0],
            "seen": pd.to_datetime(["2024-01-01", "2024-01-02"]),
            "sold": [True, False],
            "colour": ["red", None],
            "notes": [np.nan, np.nan],
            "more": [1, 2],
        }
    ),
    "series": np.arange(32.0).reshape(2, 8, 2),
    "text": np.array(["a green hat", "a hat"], dtype=object),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_frame_of_examples_has_a_row_for_each(name):
    kind = example(name)
    frame = kind.as_frame(RAW[name])
    assert list(frame.columns) == kind.column_names
    assert len(frame) == 2 and len(kind.as_frame(RAW[name][:0])) == 0


@pytest.mark.parametrize("name", [name for name in KINDS if name != "text"])
def test_points_of_equal_examples_lie_together(name):
    kind = example(name)
    x = np.random.default_rng(0).normal(size=(1, *kind.spec.shape)).repeat(2, axis=0)
    points = kind.points(x)
    assert points.shape[0] == 2 and points.ndim == 2
    assert np.array_equal(points[0], points[1])


def test_two_categories_are_at_distance_one_and_a_gap_at_the_mean():
    kind = example("table")
    points = kind.points(np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 2.0], [np.nan] * 4]))
    assert np.linalg.norm(points[0] - points[1]) == pytest.approx(1)
    assert np.array_equal(points[2], [0, 0, 0.5, 0, 0, 0])


def test_token_ids_have_no_distance():
    with pytest.raises(TypeError, match="Distances of token ids mean nothing"):
        example("text").points(np.zeros((1, 6)))
