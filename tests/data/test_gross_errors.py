"""Gross errors in the training rows: they do not count in the scaling, and no training learns them."""

import warnings

import numpy as np
import pandas as pd
import pytest

from kerasae import Recipe, presets, train
from kerasae.applications import AnomalyDetector
from kerasae.baselines import PCA
from kerasae.data._array_data import make_data
from kerasae.data.tables import from_frame
from kerasae.preprocessing import Standardization, TablePreprocessing
from kerasae.spec import Spec


def _clean(rows):
    """Columns with skew, long tails, zeros in most rows, rare values: none has errors."""
    rng = np.random.default_rng(3)
    zeros = rng.random(rows) < 0.9
    return np.stack(
        [
            rng.normal(50, 10, rows),
            rng.exponential(3.0, rows),
            rng.lognormal(size=rows),
            np.where(zeros, 0.0, rng.lognormal(8, 1, rows)),
            np.where(np.arange(rows) % 300 == 5, 5000.0, 0.0),
            rng.standard_t(3, rows),
            rng.poisson(0.05, rows).astype("float64"),
            np.where(rng.random(rows) < 0.03, 9999.0, rng.normal(size=rows)),
        ],
        axis=1,
    )


def _spoiled(rows):
    """The same, five columns of it with errors at either end, and where they are."""
    numbers = _clean(rows)
    wrong = np.zeros(numbers.shape, bool)
    for column, errors in ((0, [4620.0]), (1, [1e9, -1e5, 300.0]), (2, [1e9]), (3, [1e9]), (5, [-1e30])):
        numbers[: len(errors), column], wrong[: len(errors), column] = errors, True
    return numbers, wrong


@pytest.mark.parametrize("rows", [60, 4000])
def test_columns_without_gross_errors_have_the_plain_moments(rows):
    """To the last bit, so that no published figure moves."""
    numbers = _clean(rows)
    frame = pd.DataFrame(numbers, columns=list("abcdefgh"))
    spec = from_frame(frame).spec
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vector = Standardization(Spec("vector", (8,), "float64")).fit(numbers)
        table = TablePreprocessing(spec).fit(frame)
    assert vector.reach is table.reach is None
    mean = numbers.sum(axis=0) / rows
    assert vector.mean == mean.tolist()
    assert vector.std == np.sqrt(np.square(numbers - mean).sum(axis=0) / rows).tolist()
    for column, center, scale in zip(numbers.T, table.centers, table.scales, strict=True):
        assert center == column.mean()
        assert scale == np.sqrt(np.square(column - column.mean()).sum() / rows)


@pytest.mark.parametrize("kind", ["vector", "table"])
def test_few_different_values_are_levels_and_only_a_hundredfold_gap_parts_an_error_from_them(kind):
    numbers = np.stack([np.arange(400) % count for count in (3, 3, 9, 10)], axis=1).astype("float64")
    # From the middle 30 is 29 times as far as 2 is, -999 a thousand times, and 70 is 16 times as far as 8.
    numbers[[7, 300], 0], numbers[7, 1], numbers[7, 2:] = 30.0, -999.0, 70.0
    if kind == "vector":
        rows, layer = numbers, Standardization(Spec("vector", (4,), "float64"))
    else:
        rows = pd.DataFrame(numbers, columns=list("abcd"))
        layer = TablePreprocessing(from_frame(rows).spec)
    with pytest.warns(UserWarning, match="from 0 to 2, received 1 more than .* and 1 more such"):
        layer.fit(rows)
    assert layer.gross == [0, 1, 0, 1]
    assert (layer.mean if kind == "vector" else layer.centers)[0] == numbers[:, 0].mean()


@pytest.mark.parametrize("kind", ["vector", "table"])
def test_gross_errors_do_not_count_read_whole_or_in_parts(kind):
    numbers, wrong = _spoiled(4000)
    if kind == "vector":
        rows, layer = numbers, lambda: Standardization(Spec("vector", (8,), "float64"))
    else:
        rows = pd.DataFrame(numbers, columns=list("abcdefgh"))
        spec = from_frame(rows).spec
        layer = lambda: TablePreprocessing(spec)  # noqa: E731
    with pytest.warns(
        UserWarning, match=r"from 16\.411 to 90\.3686, received 1 more than .* and 4 more such"
    ):
        whole = layer().fit(rows)
        parts = layer().fit_chunks(lambda: (rows[start : start + 70] for start in range(0, 4000, 70)))
    assert whole.gross == parts.gross == wrong.sum(axis=0).tolist()
    moments = [
        (one.mean, one.std) if kind == "vector" else (one.centers, one.scales) for one in (whole, parts)
    ]
    rest = np.where(wrong, np.nan, numbers)
    for mean, std in moments:
        np.testing.assert_allclose(mean, np.nanmean(rest, axis=0), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(std, np.nanstd(rest, axis=0), rtol=1e-10)
    # They stay in the data, and come back.
    restored = np.asarray(whole.restore(whole.to_x(rows)))
    np.testing.assert_allclose(restored[wrong], numbers[wrong], rtol=1e-5)


def test_a_training_sees_gross_errors_as_the_furthest_of_the_others():
    numbers, _ = _spoiled(4000)
    data = make_data("rows", Spec("vector", (8,), "float64"), numbers)
    with pytest.warns(UserWarning, match="ten times"):
        data = data.with_preprocessor(Standardization(data.spec))
    beyond = np.asarray(data.train.examples)
    assert np.abs(beyond).max() == 1e30
    expected = np.sort(np.where(np.abs(beyond) > 1e4, np.nan, beyond)[:, 0])
    scaled = (expected[-1] - data.preprocessor.mean[0]) / data.preprocessor.std[0]
    seen = data.x("train")
    assert np.isfinite(seen).all() and seen[:, 0].max() <= np.float32(scaled)
    batches, steps, _ = data.training_batches(256)
    drawn = np.concatenate([np.asarray(one) for one in batches.take(steps)])
    for rows in (drawn, *data.validation_batches()):
        low, high = data.preprocessor.reach
        assert (np.asarray(rows) <= high).all() and (np.asarray(rows) >= low).all()
    # Components too would be those of one row.
    components = PCA(2).fit(data)._pca.components_
    assert np.isfinite(components).all() and np.abs(components).max() < 0.999


def _bills(count, seed):
    """Bills like those of a telephone company: the monthly charges are from 18 to 120."""
    rng = np.random.default_rng(seed)
    service = rng.choice(["none", "dsl", "fiber"], count, p=[0.2, 0.4, 0.4])
    level = pd.Series(service).map({"none": 30, "dsl": 55, "fiber": 95}).to_numpy()
    monthly = np.round(level + rng.uniform(-12, 25, count), 2)
    tenure = rng.integers(1, 73, count)
    total = np.round(monthly * tenure * rng.normal(1, 0.03, count), 2)
    return pd.DataFrame({"service": service, "monthly": monthly, "tenure": tenure, "total": total})


_SLOW = [
    pytest.param(error, preset, marks=pytest.mark.slow)
    for error, preset in ((1e9, None), (4620.0, "detector"), (1e9, "contaminated_detector"))
]


@pytest.mark.parametrize(("error", "preset"), [(4620.0, None), *_SLOW])
def test_one_gross_error_in_training_does_not_hide_another_among_new_rows(tmp_path, error, preset):
    """A charge of -20 was rank 441 of 510 by the error, and beside 1e9 not even one of 4,620 was found."""
    rows = _bills(1500, 0)
    rows.loc[rows.index % 300 == 7, "monthly"] = [error, *rows["monthly"][[307, 607, 907]], error]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    new = _bills(510, 5)
    new.loc[100, "monthly"], new.loc[200, "monthly"] = -20.0, 4620.0
    recipe = Recipe.of(source=str(tmp_path / "rows.csv"))
    with pytest.warns(UserWarning, match="column 'monthly'"):
        data = recipe.load()
    assert data.preprocessor.gross[1] > 0
    if preset is None:
        recipe = recipe.override({"network.latent_dim": 2, "network.widths": [16], "train.epochs": 20})
    else:
        recipe = recipe.override({**presets.settings(preset, data.spec), "train.steps": 600})
    model = recipe.build(data)
    train(model, data, **recipe.train)
    for score in ("whitened", "squared_error", "likelihood"):
        detector = AnomalyDetector(model, score=score).fit(data)
        ranks = np.argsort(np.argsort(-detector.score_samples(new))) + 1
        assert max(ranks[100], ranks[200]) <= 10, (score, ranks[100], ranks[200])
        assert detector.predict(new)[[100, 200]].all()
