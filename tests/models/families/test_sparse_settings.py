"""Settings of the sparse family that would have no effect are refused, and its defaults are not."""

import pytest
from plain_parts import plain

from kerasae import Recipe
from kerasae.models import SparseAutoencoder
from kerasae.penalties import L1
from kerasae.spec import Spec

SPEC = Spec("vector", (6,))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"k": 2, "weight": 0.1}, "`weight` needs a `penalty`, received 0.1 and none"),
        ({"lifetime": 0.5, "weight": 0.1}, "`weight` needs a `penalty`"),
        ({"rho": 0.3}, "`rho` needs the `penalty` 'kl', received 0.3"),
        ({"k": 2, "rho": 0.3}, "`rho` needs the `penalty` 'kl'"),
        ({"penalty": "l1", "momentum": 0.9}, "`momentum` needs the `penalty` 'kl', received 0.9 and 'l1'"),
        ({"k_by": "place"}, "`k_by` needs a `k`"),
    ],
)
def test_a_setting_without_effect_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        Recipe.of("sparse", latent_dim=4, model=settings).build(SPEC)


@pytest.mark.parametrize("penalty", [L1(0.5), "l1", {"name": "l1"}])
def test_another_penalty_on_the_code_is_refused(penalty):
    with pytest.raises(ValueError, match="`code_penalty` is set by `penalty` in this family"):
        SparseAutoencoder(*plain(inputs=6, code=4), k=2, code_penalty=penalty)


@pytest.mark.parametrize(
    "settings", [{}, {"k": 2}, {"lifetime": 0.5}, {"penalty": "l1", "k": 2, "weight": 0.1}]
)
def test_a_recipe_with_all_defaults_builds_the_same_model(settings, tmp_path):
    recipe = Recipe.of("sparse", latent_dim=4, model=settings)
    recipe.complete().save(tmp_path / "recipe.json")
    model, again = (one.build(SPEC) for one in (recipe, Recipe.read(tmp_path / "recipe.json")))
    for name in ("penalty", "weight", "rho", "momentum", "k", "lifetime", "code_activation"):
        assert getattr(again, name) == getattr(model, name)
    loaded = SparseAutoencoder.from_config(again.get_config())
    assert [penalty.weight for penalty in loaded.penalties()] == [one.weight for one in model.penalties()]


@pytest.mark.parametrize("settings", [{"k": 2}, {"penalty": "l1"}])
def test_a_model_that_was_stored_with_such_a_setting_is_read(settings):
    config = Recipe.of("sparse", latent_dim=4, model=settings).build(SPEC).get_config()
    unused = {"weight": 0.1} if settings == {"k": 2} else {"rho": 0.3, "momentum": 0.9}
    loaded = SparseAutoencoder.from_config({**config, **unused})
    assert loaded.get_config().keys() == config.keys() and loaded.rho == 0.1
