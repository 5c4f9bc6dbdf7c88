"""Presets train, from the command line too, and what a user says wins."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from sklearn.datasets import make_moons
from sklearn.metrics import roc_auc_score
from small_logs import sines

from kerasae import Recipe, load_data, registry, train
from kerasae.cli import main
from kerasae.data.series import from_frame
from kerasae.presets import settings
from kerasae.sklearn import AutoencoderDetector
from kerasae.spec import Spec
from kerasae.workflows import make_recipe


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    rng = np.random.default_rng(0)
    numbers = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    numbers.to_csv(folder / "numbers.csv", index=False)
    numbers.assign(kind=rng.choice(["u", "v"], 60)).to_csv(folder / "mixed.csv", index=False)
    np.save(folder / "vectors.npy", rng.normal(size=(60, 4)))
    np.save(folder / "images.npy", rng.integers(0, 255, (60, 40, 40)).astype("uint8"))
    words = ["one", "two", "three", "four"]
    (folder / "lines.txt").write_text("\n".join(" ".join(rng.choice(words, 4)) for _ in range(60)))
    sines(200).to_csv(folder / "log.csv", index=False)
    found = {path.stem: str(path) for path in folder.iterdir()}
    return {**found, "digits": "digits"}


@pytest.mark.parametrize("preset", registry.names("preset"))
@pytest.mark.parametrize(
    "source",
    [
        "numbers",
        "mixed",
        "vectors",
        pytest.param("images", marks=pytest.mark.slow),
        pytest.param("lines", marks=pytest.mark.slow),
        "digits",
        "log",
    ],
)
def test_a_preset_trains_on_every_kind(preset, source, sources):
    given = {"name": "series", "time": "time", "window": 12} if source == "log" else {}
    spec = Recipe.of(source=sources[source], data=given).load().spec
    needed = {
        "compressor": ("images", {"images", "digits"}),
        "denoiser": ("images", {"images", "digits"}),
        "imputer": ("a table or vectors", {"numbers", "mixed", "vectors"}),
    }
    if preset in needed and source not in needed[preset][1]:
        words = rf"'{preset}' needs {needed[preset][0]}, received .*; leave the preset out"
        with pytest.raises(ValueError, match=words):
            settings(preset, spec)
        return
    recipe = Recipe.of(source=sources[source], data=given).override(settings(preset, spec))
    data = recipe.load()
    model = recipe.build(data)
    logs = model.fit(data.x("train")[:32], epochs=1, verbose=0)
    assert np.isfinite(logs.history["loss"][0])


@pytest.mark.parametrize(
    ("kind", "shape", "few"),
    [("vector", (5,), True), ("vector", (6,), False), ("vector", (2, 3), False), ("image", (2, 2, 1), False)],
)
def test_few_columns_are_another_case(kind, shape, few):
    found = settings("detector", Spec(kind, shape))
    assert ("network.frequencies" in found) == few
    assert (found["model.corruption"]["level"] < 2) == (few or kind == "image")


@pytest.mark.slow
def test_the_detector_finds_what_lies_beside_a_curve_in_two_columns():
    """Rows in the gap between two moons, which the mean and the covariance do not tell."""
    rows, _ = make_moons(2200, noise=0.05, random_state=0)
    rng = np.random.default_rng(0)
    other = rng.uniform([-1, -0.5], [2, 1], (400, 2))
    # Further from every row than noise takes one.
    far = cdist(other, rows).min(axis=1) > 0.15
    # All of these rows train: no threshold for new rows is asked for.
    detector = AutoencoderDetector(random_state=0, calibration=0.001).fit(rows[:1500])
    scores = -detector.score_samples(np.concatenate([rows[1500:], other[far]]))
    odd = np.repeat([False, True], [700, far.sum()])
    assert roc_auc_score(odd, scores) > 0.95


@pytest.mark.parametrize("channels", [1, 3, 4, 5])
def test_the_code_of_the_denoiser_can_hold_the_image(channels):
    found = settings("denoiser", Spec("image", (64, 64, channels)))
    assert found["network.shortcut"] and found["network.latent_dim"] >= 16 * channels


@pytest.mark.parametrize("channels", [1, 3])
def test_the_denoiser_returns_an_image_as_it_is_before_training(channels):
    spec = Spec("image", (17, 24, channels))
    model = Recipe.of().override({**settings("denoiser", spec), "network.dtype": "float32"}).build(spec)
    x = np.random.default_rng(0).random((2, 17, 24, channels), "float32")
    np.testing.assert_allclose(model.inverse_transform(model.transform(x)), x, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_compressor_starts_as_a_transform_without_loss(channels):
    spec = Spec("image", (16, 24, channels))
    model = Recipe.of().override(settings("compressor", spec)).build(spec)
    x = np.random.default_rng(0).random((2, 16, 24, channels), "float32")
    np.testing.assert_allclose(model.inverse_transform(model.transform(x)), x, atol=1e-4)
    # The change of all pixels by one step of the code is that of a transform that keeps lengths.
    codes = model.transform(x)
    assert np.linalg.norm(codes) == pytest.approx(np.linalg.norm(x), rel=1e-4)
    (rate,) = [penalty for penalty in model.penalties() if penalty.name == "rate"]
    assert rate.step == model.code_steps[0]


def test_the_denoiser_takes_noise_of_a_known_strength():
    said = {"model.corruption": "gaussian", "model.corruption.level": 0.098}
    corruption = make_recipe("digits", said, preset="denoiser").model["corruption"]
    assert corruption == {"name": "gaussian", "level": 0.098}


def test_what_a_user_says_wins(sources):
    settings = {"train.steps": 7, "network.widths": [9]}
    recipe = make_recipe(sources["numbers"], settings, preset="detector")
    assert recipe.train["steps"] == 7
    assert recipe.network["widths"] == [9]
    assert recipe.network["activation"] == "tanh"
    assert recipe.model["name"] == "denoising"


def test_epochs_of_a_user_are_epochs(sources):
    recipe = make_recipe(sources["numbers"], {"train.epochs": 2}, preset="detector")
    assert (recipe.train["epochs"], recipe.train.get("steps")) == (2, None)


def test_another_network_takes_its_own_arguments():
    recipe = make_recipe("digits", {"network.name": "conv"}, preset="detector")
    assert recipe.network["name"] == "conv"
    assert "widths" not in recipe.network


@pytest.mark.parametrize(
    ("said", "solver"),
    [
        ({}, "closed_form"),
        ({"network.latent_dim": 5, "train.seed": 3}, "closed_form"),
        ({"network.depth": 1}, None),
        ({"network.name": "series"}, None),
        ({"model.name": "sparse"}, None),
        ({"loss.name": "gaussian"}, None),
        ({"train.epochs": 3}, None),
        ({"network.depth": 1, "train.solver": "gradient"}, "gradient"),
    ],
)
def test_another_model_of_a_log_has_no_closed_form(said, solver, sources):
    log = {"data.name": "series", "data.time": "time", "data.window": 12}
    recipe = make_recipe(sources["log"], log | said, preset="detector")
    assert recipe.train.get("solver") == solver


def test_another_family_in_a_recipe_has_no_closed_form():
    recipe = Recipe.of("denoising", network={"name": "dense"}, train={"solver": "closed_form"})
    assert recipe.override({"network.latent_dim": 4}).train["solver"] == "closed_form"
    for other in ({"model.name": "sparse"}, {"network.name": "conv"}):
        assert "solver" not in recipe.override(other).train


def test_a_search_counts_epochs(capsys, tmp_path):
    with pytest.raises(SystemExit) as exit_:
        main(["tune", "digits", "--preset", "detector", "--out", str(tmp_path / "t")])
    assert exit_.value.code == 2
    assert "A search counts epochs" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_a_search_trains_by_the_gradient(capsys, tmp_path):
    closed = ["--network", "dense", "--set", "train.solver=closed_form"]
    with pytest.raises(SystemExit) as exit_:
        main(["tune", "digits", *closed, "--out", str(tmp_path / "t")])
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "A search trains by the gradient" in line and "--set train.solver=gradient" in line
    assert not [*tmp_path.iterdir()]


def test_an_unknown_preset():
    with pytest.raises(ValueError, match="Unknown preset 'detektor'; did you mean 'detector'"):
        settings("detektor", load_data("digits").spec)


def test_the_detector_of_logs_is_the_exact_linear_denoiser():
    """Of the best affine map of noisy windows the residual is `N (C + N)^-1 (x - mean)`."""
    steps, channels = 12, 2
    data = from_frame(sines(600, noise=0.4), time="time", window=steps)
    recipe = Recipe.of().override(settings("detector", data.spec))
    data = recipe.prepare(data)
    model = recipe.build(data)
    train(model, data, **recipe.train)
    x = np.concatenate([data.x("train"), data.x("validation")]).reshape(-1, steps * channels)
    same_channel = np.kron(np.ones((steps, steps)), np.eye(channels))
    noise = 2.0**2 * (np.eye(steps * channels) + same_channel)
    exact = np.linalg.solve(np.cov(x.T, bias=True) + noise, noise).T
    new = data.x("test").reshape(-1, steps * channels)
    expected = (new - x.mean(axis=0)) @ exact.T
    found = model.accounts(data.test.examples)["residual"]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    # A fifth of the noise is another map.
    weaker = np.linalg.solve(np.cov(x.T, bias=True) + noise / 25, noise / 25).T
    other = (new - x.mean(axis=0)) @ weaker.T
    assert np.sqrt(np.mean(np.square(found - other))) > 0.3 * np.sqrt(np.mean(np.square(expected)))
