"""Pages on windows of a log: pictures by channel, over the steps, in raw units."""

import numpy as np
import pandas as pd
import pytest
from small_logs import sines

from kerasae import Recipe
from kerasae.applications import Clustering, Compression, Denoising, Generation, Imputer, Retrieval
from kerasae.data.series import from_frame

STEPS = 10


@pytest.fixture(scope="module")
def trained():
    recipe = Recipe.of("undercomplete", latent_dim=3, network={"name": "dense", "widths": [16]})
    data = recipe.prepare(from_frame(sines(900), time="time", window=STEPS))
    model = recipe.build(data)
    model.fit(data.x("train"), epochs=5, verbose=0)
    return model, data


@pytest.mark.parametrize(
    ("application", "titles"),
    [
        (Clustering, {"Clusters"}),
        (Compression, {"Examples"}),
        (Denoising, {"Noisy and clean"}),
        (Generation, {"Samples", "Interpolation", "Traversals"}),
        (Imputer, {"Filled"}),
        (Retrieval, {"Queries over their steps"}),
    ],
)
def test_windows_are_drawn_by_channel_in_raw_units(application, titles, trained, tmp_path):
    model, data = trained
    found = application(model).fit(data).report(data, tmp_path)
    pictures = {picture.title: picture.figure for picture in found.pictures}
    assert titles <= set(pictures)
    for title in titles:
        axes = pictures[title].axes
        columns = len(axes) // 2
        assert [place.get_ylabel() for place in axes[::columns]] == ["flow", "pressure"]
        for place in axes:
            assert all(list(line.get_xdata()) == list(range(1 - STEPS, 1)) for line in place.lines)
        # A pressure lies near 100, and its x near 0.
        first = [np.nanmean(place.lines[0].get_ydata()) for place in axes]
        assert np.all(np.abs(first[:columns]) < 5) and np.all(np.abs(np.array(first[columns:]) - 100) < 10)
    assert not any("flow t-" in heading for listing in found.listings for heading in listing.headings)


def test_made_windows_are_a_table_too(trained, tmp_path):
    model, data = trained
    Generation(model, count=5).fit(data).report(data, tmp_path)
    raw, table = np.load(tmp_path / "samples.npy"), pd.read_csv(tmp_path / "samples.csv")
    assert [*table] == ["window", "step", "flow", "pressure"] and raw.shape == (5, STEPS, 2)
    assert table["step"].tolist() == [*range(1 - STEPS, 1)] * 5
    np.testing.assert_allclose(table[["flow", "pressure"]].to_numpy().reshape(raw.shape), raw, rtol=1e-5)
    between = pd.read_csv(tmp_path / "interpolation.csv")
    assert next(iter(between)) == "window" and [*between][-3:] == ["step", "flow", "pressure"]
