"""Topics in the codes of titles of news, beside TF-IDF with a truncated SVD.

Settings were chosen on the validation titles, on which `--validation` reports.
"""

from functools import partial
from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row

SIZE = 64
#: Numbers of words of the titles that are shown apart.
LENGTHS = (2, 4, 6, 8, 10, 12)


def recipe_of(place: Place, settings: dict[str, Any], seed: int) -> Any:
    from kerasae import Recipe

    recipe = Recipe.of(
        source=f"text:{place.data / 'text' / 'ag_news_test.csv'}",
        data={"column": "column_2", "labels": "column_1", "header": False, "calibration": 0.0},
        latent_dim=SIZE,
        preprocessing={"name": "text"},
        network={"name": "text", "blocks": 1},
        train={"epochs": 120, "learning_rate": 0.005, "reduce_patience": 4, "patience": 12, "seed": seed},
    )
    return recipe.override(settings)


def model(name: str, settings: dict[str, Any], place: Place, seed: int) -> dict[str, float]:
    from kerasae import evaluate

    run = place.run(f"{name}-{seed}", recipe_of(place, settings, seed))
    return figures(evaluate(run.model, place.reported(run.data)))


def baseline(name: str, place: Place, seed: int) -> dict[str, float]:
    from kerasae import evaluate
    from kerasae.baselines import fit_baselines

    recipe = recipe_of(place, {}, seed)
    data = recipe.prepare(recipe.load())
    return figures(evaluate(fit_baselines(SIZE, place.fitted(data))[name], place.reported(data)))


def known(place: Place, seed: int) -> dict[str, float]:
    """Return the most that any model of this vocabulary reaches: a word that it lacks counts as lost."""
    recipe = recipe_of(place, {}, seed)
    x = place.reported(recipe.prepare(recipe.load())).x("test")
    # 0 is padding, 1 an unknown word, 2 the end of a title.
    return {
        "tokens_rebuilt": (x > 1).sum() / (x > 0).sum(),
        "words_recalled": (x > 2).sum() / ((x > 0) & (x != 2)).sum(),
        "texts_rebuilt": (x != 1).all(axis=1).mean(),
    }


def figures(found: dict[str, Any]) -> dict[str, float]:
    keys = ("probe_accuracy", "tokens_rebuilt", "words_recalled", "texts_rebuilt")
    by_length = found["tokens_rebuilt_by_length"] or {}
    shares = {f"words_{words}": by_length[str(words)] for words in LENGTHS if str(words) in by_length}
    return {**{key: found[key] for key in keys if found[key] is not None}, **shares}


RESULT = Result(
    title="Titles of news",
    source="Zhang, Zhao and LeCun 2015, NIPS (AG's corpus); measured here, side by side",
    protocol=(
        "7,600 titles of AG's news, 72 % train, 8 % choose, 20 % are the test; a code of 64 numbers; the "
        "accuracy of a logistic regression of the four topics on the frozen code, and what of the title "
        "comes back."
    ),
    measures={
        "probe_accuracy": Measure("topic probe", digits=3, less=False),
        "tokens_rebuilt": Measure("tokens rebuilt", digits=3, less=False),
        "words_recalled": Measure("words recalled", digits=3, less=False),
        "texts_rebuilt": Measure("titles rebuilt", digits=3, less=False),
        **{
            f"words_{words}": Measure(f"tokens rebuilt, {words} words", digits=2, less=False)
            for words in LENGTHS
        },
    },
    rows=(
        Row("undercomplete", partial(model, "undercomplete", {}), seeds=2),
        Row(
            "undercomplete, titles alone",
            partial(model, "alone", {"preprocessing.resampled": 0.0}),
            goal={"probe_accuracy": 0.609},
            seeds=2,
        ),
        Row("TF-IDF and SVD", partial(baseline, "text-svd")),
        Row("nearest title by TF-IDF", partial(baseline, "tfidf-nearest")),
        Row("the most of this vocabulary", known),
    ),
)
