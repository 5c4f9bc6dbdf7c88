"""missForest as a baseline of imputation."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor

from kerasae.baselines import FillingBaseline, IteratedForest
from kerasae.data.tables import from_frame
from kerasae.preprocessing.table import TablePreprocessing
from kerasae.spec import Spec


def table(frame):
    data = from_frame(frame)
    return data.with_preprocessor(TablePreprocessing(data.spec))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 2))
    columns = {
        "a": z[:, 0],
        "b": 2 * z[:, 0] + 0.1 * z[:, 1],
        "c": z[:, 1],
        "d": np.where(z[:, 1] > 0, "x", "y"),
    }
    return table(pd.DataFrame(columns))


def test_one_column_with_gaps_has_the_answers_of_its_forest(data):
    """With whole other columns there is nothing to iterate: the forest of scikit-learn itself."""
    x = data.x("train")
    missing = np.zeros(x.shape, bool)
    missing[::3, 1] = True
    forest = IteratedForest(data.spec).fit(np.where(missing, np.nan, x))
    filled = forest.fill(x, missing)
    gaps, others = missing[:, 1], np.delete(x, 1, axis=1)
    alone = RandomForestRegressor(50, max_features=1 / 3, random_state=0).fit(others[~gaps], x[~gaps, 1])
    np.testing.assert_allclose(filled[gaps, 1], alone.predict(others[gaps]), rtol=1e-5)
    np.testing.assert_array_equal(filled[~missing], x[~missing])


def test_what_follows_from_other_columns_is_found(data):
    x = data.x("train")
    rng = np.random.default_rng(1)
    missing = rng.random(x.shape) < 0.2
    forest = IteratedForest(data.spec)
    filled = forest.fit_fill(np.where(missing, np.nan, x))
    assert not np.isnan(filled).any()
    np.testing.assert_array_equal(filled[~missing], x[~missing])
    gaps = missing & [True, True, True, False]
    assert np.square(filled - x)[gaps].mean() < 0.5 * np.square(x)[gaps].mean()
    assert (filled[missing[:, 3], 3] == x[missing[:, 3], 3]).mean() > 0.75
    # Rows that it has not seen, and the same again with the same seed.
    new, hidden = data.x("test"), rng.random(data.x("test").shape) < 0.2
    done = forest.fill(new, hidden)
    np.testing.assert_array_equal(done[~hidden], new[~hidden])
    again = IteratedForest(data.spec)
    np.testing.assert_array_equal(again.fit_fill(np.where(missing, np.nan, x)), filled)


def test_a_column_of_gaps_and_one_column_alone(data):
    x = data.x("train").copy()
    x[:, 2] = np.nan
    assert not np.isnan(IteratedForest(data.spec).fit_fill(x)).any()
    alone = table(pd.DataFrame({"a": np.arange(50.0)}))
    assert FillingBaseline.all_for(alone.spec) == []
    assert FillingBaseline.all_for(Spec("vector", (3,))) == []
    wide = table(pd.DataFrame(np.random.default_rng(0).normal(size=(20, 61))).rename(columns=str))
    assert FillingBaseline.all_for(wide.spec) == []
    assert [one.name for one in FillingBaseline.all_for(data.spec)] == ["iterated-forest"]
