"""The space of a recipe, and the hypermodel under the tuners of KerasTuner."""

import keras_tuner
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kerasae.tuning import AutoencoderHyperModel, Settings, Space, baseline_values, code_sizes, objective
from kerasae.tuning.arguments import draw_arguments
from kerasae.tuning.refit import winning_recipe
from kerasae.tuning.trials import Trial
from sentences import text_data

from kerasae import Recipe, registry, train
from kerasae.data import array_spec, make_data
from kerasae.metrics import evaluate
from kerasae.spec import Spec

VECTOR = Spec("vector", (50,))
IMAGE = Spec("image", (28, 28, 1), "uint8", 0.0, 255.0)


class Drawn(keras_tuner.HyperParameters):
    """Hyperparameters drawn at random, as RandomSearch draws them, and which of them are active."""

    def __init__(self, seed):
        super().__init__()
        self.rng = np.random.default_rng(seed)

    def _retrieve(self, hp):
        if hp.name not in self.values and self.is_active(hp):
            self.values[hp.name] = hp.random_sample(int(self.rng.integers(2**31)))
        return super()._retrieve(hp)


@given(seed=st.integers(0, 10_000), deepest=st.integers(1, 6), size=st.integers(2, 400))
@settings(deadline=None, max_examples=20, derandomize=True)
def test_nodes_fall_towards_the_code(seed, deepest, size):
    space = Space(depths=(0, deepest))
    spec = Spec("vector", (size,))
    found = space.draw(Drawn(seed), Recipe.of(), spec)
    widths, latent_dim = found["network.widths"], found["network.latent_dim"]
    assert len(widths) <= deepest
    assert widths == sorted(widths, reverse=True)
    assert all(width >= latent_dim for width in widths)
    assert latent_dim in code_sizes(spec)
    assert all(width <= max(64, 4 * size, latent_dim) for width in widths)


def test_every_code_size_depth_and_width_can_be_drawn():
    space = Space(latent_dims=(3, 5), depths=(1, 3), widest=(16, 64))
    found = [space.draw(Drawn(seed), Recipe.of(), VECTOR) for seed in range(80)]
    assert {one["network.latent_dim"] for one in found} == {3, 5}
    assert {len(one["network.widths"]) for one in found} == {1, 2, 3}
    firsts = {one["network.widths"][0] for one in found}
    assert len(firsts) > 20 and min(firsts) >= 16 and max(firsts) <= 64


def test_depths_and_nodes_of_blocks_are_those_that_are_given():
    spec = text_data().spec
    usual = [Space().draw(Drawn(seed), Recipe.of(), spec) for seed in range(40)]
    assert {one["network.blocks"] for one in usual} == {1, 2, 3}
    assert max(one["network.hidden"] for one in usual) > 256
    space = Space(latent_dims=(4,), depths=(2, 5), widest=(16, 32))
    found = [space.draw(Drawn(seed), Recipe.of(), spec) for seed in range(40)]
    assert {one["network.blocks"] for one in found} == {2, 3, 4, 5}
    assert all(16 <= one["network.hidden"] <= 32 for one in found)


def test_a_share_that_is_not_used_is_not_drawn():
    hp = Drawn(0)
    hp.values["depth"] = 1
    Space(depths=(1, 3)).draw(hp, Recipe.of(), VECTOR)
    assert not {name for name in hp.values if name.startswith("ratio") and hp.is_active(name)}
    hp = Drawn(0)
    hp.values["depth"] = 2
    Space(depths=(1, 3)).draw(hp, Recipe.of(), VECTOR)
    assert {name for name in hp.values if name.startswith("ratio") and hp.is_active(name)} == {"ratio_2"}


def test_a_depth_that_is_given_leaves_the_nodes_to_draw():
    found = [Space(depths=(3, 3)).draw(Drawn(seed), Recipe.of(), VECTOR) for seed in range(10)]
    assert {len(one["network.widths"]) for one in found} == {3}
    shares = {one["network.widths"][1] / one["network.widths"][0] for one in found}
    assert len(shares) > 5


def test_a_family_brings_its_own_arguments():
    space = Space(families=registry.names("model"), also=["weights", "noise"])
    seen = {}
    for seed in range(60):
        found = space.draw(Drawn(seed), Recipe.of("sparse"), VECTOR)
        family = found.get("model.name", "sparse")
        own = {name for name in found if name.startswith("model.") and name != "model.name"}
        assert own == {f"model.{name}" for name in registry.resolve("model", family).searched}
        recipe = Recipe.of("sparse").override(found)
        assert recipe.model["name"] == family
        seen[family] = recipe.model
    assert sorted(seen) == registry.names("model")


@pytest.mark.parametrize("family", registry.names("model"))
def test_what_is_searched_is_an_argument(family):
    member = registry.resolve("model", family)
    for name, (low, high) in member.searched.items():
        assert name in registry.parameters(member)
        assert 0 < low < high


@pytest.mark.parametrize("name", registry.names("network"))
def test_every_network_can_be_searched(name):
    specs = {"dense": VECTOR, "conv": IMAGE, "spatial": IMAGE}
    spec = specs.get(name, VECTOR)
    found = [Space().draw(Drawn(seed), Recipe.of(network={"name": name}), spec) for seed in range(20)]
    assert len({str(sorted(one.items())) for one in found}) > 10
    known = registry.parameters(registry.resolve("network", name))
    assert all(key.removeprefix("network.") in known for one in found for key in one)
    if name in specs:
        for one in found[:3]:
            Recipe.of(network={"name": name}).override(one).build(spec)


@pytest.fixture(scope="module")
def hypermodel(digits):
    recipe = Recipe.of("sparse", model={"weight": 0.5}, train={"epochs": 2, "batch_size": 256})
    space = Space(latent_dims=(2, 4), depths=(1, 2), widest=(16, 32))
    return AutoencoderHyperModel(recipe, digits, space=space)


TUNERS = {
    "RandomSearch": {"max_trials": 3},
    "BayesianOptimization": {"max_trials": 3},
    "GridSearch": {"max_trials": 3},
    "Hyperband": {"max_epochs": 2, "factor": 2},
}


def searched(hypermodel, folder, name="RandomSearch", seed=3, **more):
    tuner = getattr(keras_tuner, name)(
        hypermodel,
        objective=keras_tuner.Objective("val_error", "min"),
        directory=folder,
        seed=seed,
        **{**TUNERS[name], **more},
    )
    tuner.search(verbose=0)
    return tuner


@pytest.fixture(scope="module")
def tuner(hypermodel, tmp_path_factory):
    """A tuner that has searched at random."""
    return searched(hypermodel, tmp_path_factory.mktemp("random"))


@pytest.mark.filterwarnings("ignore:Model .* had a build config", "ignore:Skipping variable loading")
@pytest.mark.slow
@pytest.mark.parametrize("name", TUNERS)
def test_any_tuner_searches(name, hypermodel, tuner, tmp_path):
    tuner = tuner if name == "RandomSearch" else searched(hypermodel, tmp_path, name)
    trials = list(tuner.oracle.trials.values())
    assert len(trials) >= 2
    assert all(trial.status == "COMPLETED" for trial in trials)
    best = tuner.oracle.get_best_trials(1)[0]
    assert best.score == min(trial.score for trial in trials)
    recipe = hypermodel.recipe_of(tuner.get_best_hyperparameters()[0])
    assert recipe.network["latent_dim"] == best.hyperparameters.get("latent_dim")
    assert recipe.model == {"name": "sparse", "weight": 0.5}


@pytest.mark.slow
def test_a_trial_is_judged_as_an_ordinary_training(hypermodel, digits, tuner):
    trial = tuner.oracle.get_best_trials(1)[0]
    recipe = hypermodel.recipe_of(trial.hyperparameters)
    model = recipe.build(digits)
    history = train(model, digits, **recipe.train)
    row = history.epochs[history.best_epoch - 1]

    def value(name):
        return trial.metrics.get_best_value(name)

    np.testing.assert_allclose(value("val_reconstruction"), row["val_reconstruction"], rtol=1e-5)
    # Without the penalty, whose weight may be searched.
    assert row["val_loss"] - row["val_reconstruction"] > 0.01
    np.testing.assert_allclose(value("val_error"), evaluate(model, digits, "validation")["error"], rtol=1e-5)
    assert value("parameters") == model.count_params()
    assert value("epochs") == history.best_epoch


@pytest.mark.slow
def test_the_same_seed_gives_the_same_trials(hypermodel, tuner, tmp_path):
    one, other = tuner, searched(hypermodel, tmp_path / "b")

    def rows(tuner):
        return [(trial.hyperparameters.values, trial.score) for trial in tuner.oracle.trials.values()]

    assert len(rows(one)) == 3
    for (ours, score), (theirs, again) in zip(rows(one), rows(other), strict=True):
        assert ours == theirs
        np.testing.assert_allclose(score, again, rtol=1e-5)
    assert rows(searched(hypermodel, tmp_path / "c", seed=4, max_trials=1))[0][0] != rows(one)[0][0]


def test_data_are_loaded_once(monkeypatch, digits):
    loaded = []
    monkeypatch.setattr(Recipe, "load", lambda self: loaded.append(1) or digits)
    hypermodel = AutoencoderHyperModel(Recipe.of())
    for seed in range(3):
        hypermodel.build(Drawn(seed))
    assert loaded == [1]


def test_what_is_wrong_is_named(hypermodel, tmp_path):
    with pytest.raises(ValueError, match="did you mean 'activation'"):
        Space(also=["activations"])
    with pytest.raises(ValueError, match="did you mean 'sparse'"):
        Space(families=["sparce"])
    with pytest.raises(ValueError, match="`depths` must be two numbers from 0 on, in order"):
        Space(depths=(3, 1))
    with pytest.raises(ValueError, match="`latent_dims` must be positive"):
        Space(latent_dims=[0, 4])
    with pytest.raises(TypeError, match="without data or arguments of `fit`"):
        hypermodel.fit(Drawn(0), None, np.ones((3, 2)))


def test_a_trial_is_judged_on_rows_that_it_did_not_train_on(digits):
    """The recipe of a refit, and the preset of a log, train on the validation rows too."""
    recipe = Recipe.of(latent_dim=2, train={"epochs": 1, "hold_out": False})
    hypermodel = AutoencoderHyperModel(recipe, space=Space(latent_dims=(2,), depths=(1, 1)), data=digits)
    hp = keras_tuner.HyperParameters()
    figures, _, history = hypermodel.run(hp, hypermodel.build(hp))
    assert figures["val_reconstruction"] > 0 and "val_reconstruction" in history.epochs[0]


@pytest.mark.parametrize("labels", [None, np.linspace(0, 1, 1797), np.arange(1797), np.zeros(1797, int)])
def test_labels_that_no_probe_learns_are_refused_before_a_search(labels):
    x = np.random.default_rng(0).normal(size=(1797, 3)).astype("float32")
    data = make_data("rows", array_spec(x), x, labels)
    with pytest.raises(ValueError, match="Expected labels of a few classes"):
        objective("probe_accuracy", data)
    few = make_data("rows", array_spec(x), x, np.arange(1797) % 3)
    assert objective("probe_accuracy", few).name == "probe_accuracy"


def test_a_baseline_without_parameters_has_no_cost_and_stands_beside_the_curve_all_the_same():
    data = text_data()
    aim = objective("cost", data)
    found = baseline_values([2], aim, data)[2]
    assert found and all(0 <= one.value <= 1 for one in found.values())


def test_the_level_of_a_corruption_is_the_one_that_is_searched():
    recipe = Recipe.of("denoising", model={"corruption": {"name": "masking", "level": 0.3}})
    hp = keras_tuner.HyperParameters()
    assert [*draw_arguments(hp, recipe, "denoising", (), ("noise",))] == ["model.corruption.level"]
    plain = Recipe.of("denoising", model={"corruption": "masking"})
    assert [*draw_arguments(hp, plain, "denoising", (), ("noise",))] == ["model.level"]
    with pytest.raises(ValueError, match="weights of its terms"):
        draw_arguments(hp, Recipe.of("undercomplete"), "undercomplete", (), ("weights",))


def test_a_weight_without_a_penalty_is_not_searched():
    hp = keras_tuner.HyperParameters()
    with_penalty = Recipe.of("sparse", model={"k": 3, "penalty": "l1"})
    assert [*draw_arguments(hp, with_penalty, "sparse", (), ("weights",))] == ["model.weight"]
    without = Recipe.of("sparse", model={"k": 3}).complete()
    with pytest.raises(ValueError, match="received none"):
        draw_arguments(hp, without, "sparse", (), ("weights",))


def test_the_winner_of_a_cosine_schedule_has_all_of_its_epochs():
    trial = Trial(0, "COMPLETED", {"latent_dim": 2}, {}, {"epochs": 4.0}, (3,), 0.0, "")
    for schedule, epochs in (("cosine", 20), ("plateau", 4)):
        recipe = Recipe.of(train={"epochs": 20, "schedule": schedule})
        train = winning_recipe(Settings(recipe, Space(latent_dims=(2,)), 1), trial).complete().train
        assert train["epochs"] == epochs and train["hold_out"] is False
