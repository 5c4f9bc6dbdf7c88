"""Searches of networks whose code is a map: the code size counts all places."""

import math

import keras_tuner
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kerasae.tuning import Settings, Space
from kerasae.tuning.cluster import Draws
from searches import QUICK

from kerasae import Recipe
from kerasae.spec import Spec
from kerasae.workflows import tune


def recipe(**network):
    return Recipe.of(network={"name": "spatial", **network})


def drawn(space, around, spec, size, **values):
    hp = keras_tuner.HyperParameters()
    hp.values = {"latent_dim": size, **values}
    return space.draw(hp, around, spec)


@given(
    height=st.integers(1, 97),
    width=st.integers(1, 65),
    strides=st.integers(2, 3),
    levels=st.integers(1, 6),
    deepest=st.integers(1, 5),
    depth=st.integers(1, 5),
)
@settings(deadline=None, max_examples=60)
def test_maps_of_all_depths_share_out_the_numbers_of_a_code(height, width, strides, levels, deepest, depth):
    spec = Spec("image", (height, width, 1))
    around = recipe(filters=[8] * levels, strides=strides)
    space = Space(depths=(1, deepest))
    sizes = space.sizes(around, spec)
    assert sizes == sorted({*sizes}) and sizes[0] >= 1
    for size in sizes:
        found = drawn(space, around, spec, size, depth=min(depth, deepest))
        filters, numbers = found["network.filters"], found["network.latent_dim"]
        places = math.prod(-(-side // strides ** len(filters)) for side in (height, width))
        assert numbers >= 1 and len(filters) <= deepest
        assert 0.95 * size <= numbers * places <= size
        start = space.start(around, spec, size)
        assert numbers * places == size or len(filters) != start["depth"]


def test_the_recipe_itself_comes_first_and_sizes_count_all_places(digits):
    around = recipe(filters=[12, 24], residual_blocks=1)
    space = Space(latent_dims=(3, 1))
    assert space.sizes(around, digits.spec) == [4, 12]
    assert Space().sizes(around, digits.spec) == [4, 8, 16, 32]
    found = drawn(space, around, digits.spec, **{"size": 12}, **_without_size(space, around, digits.spec))
    assert found["network.latent_dim"] == 3
    assert found["network.filters"] == [12, 24]
    assert found["network.residual_blocks"] == 1
    model = around.override(found).build(digits)
    assert model.latent_dim == 12


def _without_size(space, around, spec):
    return {key: value for key, value in space.start(around, spec, 12).items() if key != "latent_dim"}


def test_bounds_of_levels_and_filters_are_those_of_the_space(digits):
    around = recipe()
    space = Space(latent_dims=(8,), depths=(1, 2), widest=(5, 6))
    draws = Draws.of(Settings(around, space, 10, tuner="random"), digits)
    found = [space.draw(_values(draws.draw(number, [])), around, digits.spec) for number in range(12)]
    assert {len(one["network.filters"]) for one in found} == {1, 2}
    assert {one["network.filters"][0] for one in found} == {5, 6}
    assert {one["network.latent_dim"] for one in found} == {2, 8}
    assert len({one["network.residual_blocks"] for one in found}) > 2


def _values(values):
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    return hp


@pytest.mark.slow
def test_a_search_of_maps_compares_codes_of_one_size_with_pca(digits, tmp_path):
    around = Recipe.of(network={"name": "spatial", "filters": [4, 8], "residual_blocks": 0}, train=QUICK)
    space = Space(latent_dims=(1, 2), depths=(1, 2), widest=(4, 8))
    tuned = tune(Settings(around, space, 2), tmp_path / "run", jobs=1)
    assert [point.latent_dim for point in tuned.curve.points] == [4, 8]
    assert all("pca" in point.baselines for point in tuned.curve.points)
    assert tuned.run.model.latent_dim == tuned.curve.recommended()
    assert "numbers a place: " in tuned.table()[0][-1]
    assert np.isfinite([point.value for point in tuned.curve.points]).all()
