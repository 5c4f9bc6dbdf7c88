"""How far the fillings of a column are trusted is decided by cells that are hidden from held-out rows."""

import numpy as np
import pandas as pd
import pytest

from kerasae.applications import Imputer
from kerasae.baselines import TablePCA
from kerasae.data._array_data import make_data
from kerasae.data.tables import from_frame
from kerasae.preprocessing import TablePreprocessing
from kerasae.spec import Spec


class Overstated:
    """Codec that predicts the second number to be the first, of which it is only half."""

    preprocessor, latent_dim = None, 1

    def transform(self, raw):
        return raw[:, :1]

    def decode(self, codes):
        return np.repeat(codes, 2, axis=1)


def test_numbers_are_drawn_towards_the_mean_by_least_squares():
    rng = np.random.default_rng(0)
    first = rng.normal(size=3000)
    x = np.stack([first, 0.5 * first + rng.normal(0, 0.5, 3000)], axis=1).astype("float32")
    data = make_data("halves", Spec("vector", (2,)), x)
    imputer = Imputer(Overstated()).fit(data)
    holes = data.test.examples.copy()
    holes[:, 1] = np.nan
    filled = imputer.transform(holes)[:, 1]
    mean = np.concatenate([data.train.examples, data.validation.examples])[:, 1].mean()
    slope = (filled - mean) / (holes[:, 0] - mean)
    # What was stored before there were weights tells only which columns the mean fills.
    state = imputer._filler.state()
    del state["weights"], state["settles"]
    state["as_typical"] = np.array([False, True])
    before = type(imputer._filler).of_state(state, imputer._cells, imputer._choice())
    missing = np.isnan(holes)
    assert before.fill(holes, missing).x[:, 1] == pytest.approx(mean, abs=1e-5)
    # One weight for the column: 0.5, with a standard error of 0.5 / sqrt(240 hidden cells) = 0.03.
    assert np.ptp(slope) < 1e-4
    assert slope[0] == pytest.approx(0.5, abs=0.1)


def test_numbers_move_to_shared_values_only_where_that_helps(tmp_path):
    """A count can be told a little here, and a count of the rank of its prediction would err far more."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=3000)
    frame = pd.DataFrame(
        {
            "z": z,
            "close": z + 0.1 * rng.normal(size=3000),
            "count": np.clip(np.rint(2.5 + 0.5 * z + 1.2 * rng.normal(size=3000)), 0, 5),
            "bridge": np.where(z > 1, "yes", "no"),
            "tolls": np.where(z > 1, 5.0, 0.0),
        }
    )
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    imputer = Imputer(TablePCA(3, indicators=True).fit(data)).fit(data)
    truth = data.test.examples
    counts = imputer.transform(truth.assign(count=np.nan))["count"]
    spread = float(truth["count"].std())
    assert np.sqrt(np.square(counts - truth["count"]).mean()) < 1.1 * spread
    (listing,) = imputer.report(data, tmp_path).listings
    assert {len(row) for row in listing.rows} == {len(listing.headings)} == {6}
    tolls = imputer.transform(truth.assign(tolls=np.nan))["tolls"]
    # All but a few between the two.
    assert tolls.isin([0.0, 5.0]).mean() > 0.98
    assert (tolls == truth["tolls"]).mean() > 0.9
