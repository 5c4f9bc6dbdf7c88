"""Windows of several lengths in a search: what their trials have in common."""

import keras_tuner
import numpy as np
import pytest
from kerasae.tuning import AutoencoderHyperModel, Settings, Space, baseline_values, read_trials
from kerasae.tuning.objectives import judged
from kerasae.tuning.windows import code_of, each_reading_once, of_window
from small_logs import sines

from kerasae import Recipe
from kerasae.baselines import PCA
from kerasae.workflows import tune

WINDOWS = (6, 12, 30)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("logs") / "log.csv"
    sines(900).to_csv(path, index=False)
    data = {"name": "series", "path": str(path), "time": "time", "window": 12}
    return Recipe.of(data=data, train={"epochs": 1})


@pytest.fixture(scope="module")
def hypermodel(recipe):
    return AutoencoderHyperModel(
        recipe, space=Space(latent_dims=(2, 4), depths=(1, 1), windows=WINDOWS), objective="error"
    )


def test_windows_that_share_readings_are_counted_in_blocks(recipe):
    data = recipe.prepare(recipe.load())
    _, rows = judged(PCA(2).fit(data), data, "error")
    block = data.validation.block
    assert block == 12 and {sums.block for sums in rows.values()} == {block}
    assert {len(sums.totals) for sums in rows.values()} == {-(-len(data.validation) // block)}


def drawn(window, latent_dim=4):
    hp = keras_tuner.HyperParameters()
    hp.values = {"latent_dim": latent_dim, "depth": 1, "width": 8, "window": window}
    return hp


def rows_of(windows):
    return windows.last_rows()[:, None] - np.arange(windows.steps)


def test_every_window_is_judged_by_the_same_readings_each_of_which_counts_once(hypermodel):
    readings = {}
    for window in WINDOWS:
        data = hypermodel.data_of(drawn(window))
        assert data.spec.shape == (window, 2)
        assert data is hypermodel.data_of(drawn(window)), "the data of a window are read once"
        rows = rows_of(each_reading_once(data).validation).ravel()
        readings[window] = {*rows.tolist()}
        # Only the last window of a stretch overlaps the one before.
        assert len(rows) - len({*rows.tolist()}) < window
        assert not readings[window] & {*rows_of(data.train).ravel().tolist()}
    assert readings[6] == readings[12] == readings[30]


def test_a_code_has_as_many_numbers_per_reading(hypermodel):
    codes = [hypermodel.recipe_of(drawn(window)).network["latent_dim"] for window in WINDOWS]
    assert codes == [2, 4, 10]
    assert code_of(1, 6, hypermodel.data.spec) == 1  # never without a number
    model = hypermodel.build(drawn(30))
    assert model.latent_dim == 10 and model.preprocessor.spec.shape == (30, 2)


def test_an_error_is_one_per_reading(hypermodel):
    """PCA without components leaves the variance, whatever the window."""
    errors = []
    for window in WINDOWS:
        data = each_reading_once(hypermodel.data_of(drawn(window)))
        pca = PCA(1).fit(data)
        pca._pca.components_ *= 0
        pca._pca.mean_ *= 0
        errors.append(judged(pca, data, "error")[0]["val_error"])
    # The last windows count a few readings twice, and the scale follows the training rows.
    np.testing.assert_allclose(errors, errors[0], rtol=0.1)


def test_what_has_no_common_unit_is_refused(recipe, digits):
    space = Space(windows=WINDOWS)
    data = recipe.load()
    assert Settings(recipe, space).objective_for(data).name == "error"
    for name in ("reconstruction", "auroc"):
        with pytest.raises(ValueError, match="no common unit over several windows; take --objective error"):
            Settings(recipe, space, objective=name).objective_for(data)
    with pytest.raises(ValueError, match=r"log of sensors .*received the source 'digits'"):
        _ = Settings(Recipe.of(), space).common
    with pytest.raises(ValueError, match="`windows` must be at least 2 steps"):
        Space(windows=(1, 4))
    # Whoever sets a gap keeps it, and without windows nothing changes.
    own = recipe.override({"data.gap": 3})
    assert Settings(own, space).common.data["gap"] == 3 and Settings(own).common is own
    assert of_window(recipe, data) is data and of_window(Recipe.of(), digits) is digits


@pytest.mark.slow
def test_a_search_over_windows_trains_the_best_one(recipe, tmp_path):
    space = Space(latent_dims=(4,), depths=(1, 1), widest=(8, 9), windows=WINDOWS)
    out = tmp_path / "tuned"
    tuned = tune(Settings(recipe, space, trials=3, tuner="random"), out, jobs=1)
    trials = read_trials(out / "search")
    assert {trial.values["window"] for trial in trials} <= {*WINDOWS} and trials[0].values["window"] == 12
    best = min(trials, key=lambda trial: trial.figures["val_error"])
    assert tuned.run.model.spec.shape == (best.values["window"], 2)
    assert tuned.run.model.latent_dim == code_of(4, best.values["window"], recipe.load().spec)
    assert f"window {best.values['window']}" in tuned.table()[0][-1]
    assert f"window {best.values['window']}" in (out / "report.html").read_text()
    data = each_reading_once(Settings(recipe, space).load(out))
    aim = Settings(recipe, space).objective_for(data)
    rivals = baseline_values([4], aim, data)
    assert tuned.curve.points[0].baselines["pca"] == pytest.approx(rivals[4]["pca"].value)
