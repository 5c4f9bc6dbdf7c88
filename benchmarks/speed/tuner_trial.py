"""Seconds of a trial of the tuner, beside the same fits outside it, by kerasae and by plain Keras.

    python -m benchmarks.speed.tuner_trial CONTENDER FOLDER TRIALS EPOCHS

runs one contender: `search`, a search over the digits with one worker, in a new folder; or the recipes that
it drew, one after the other in one process, by `kerasae`, which is `kerasae.train`, or `keras`, the same
networks by `keras.Model.fit`. The seconds of a search run from the beginning of its first trial to the end of
its last: questions to the chief, figures of the validation split and files are in it. Those of the others
begin after the imports, with the data in memory.
"""

import json
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed._turns import take_turn, turns

TRIALS = 8


def search(folder: str, trials: str, epochs: str) -> dict[str, float]:
    from kerasae.tuning import Settings, Space
    from kerasae.tuning import search as run_search

    from kerasae import Recipe

    home = Path(folder) / "tuned"
    shutil.rmtree(home, ignore_errors=True)
    # Without early stopping all contenders run the same number of epochs.
    recipe = Recipe.of(train={"epochs": int(epochs), "patience": int(epochs)})
    settings = Settings(recipe, Space(latent_dims=(4, 8, 16)), int(trials), tuner="random")
    run_search(home, settings, recipe.load(), jobs=1)
    ended = sorted(
        (path.stat().st_mtime, json.loads(path.read_text())["seconds"])
        for path in home.glob("search/trial_*/result.json")
    )
    return {"trial": (ended[-1][0] - (ended[0][0] - ended[0][1])) / int(trials)}


def recipes(folder: str) -> list[Any]:
    """Return the recipes of the trials of the search."""
    from kerasae.tuning import Settings, read_trials

    settings = Settings.read(Path(folder) / "tuned" / "tuning.json")
    drawn = read_trials(Path(folder) / "tuned" / "search")
    return [settings.recipe.override(trial.settings) for trial in drawn]


def kerasae(folder: str, trials: str, epochs: str) -> dict[str, float]:
    from kerasae.training.workers import start_worker

    start_worker(1)
    import keras

    from kerasae import train

    drawn = recipes(folder)
    data = drawn[0].load()
    began = time.perf_counter()
    for recipe in drawn:
        keras.backend.clear_session(free_memory=False)
        train(recipe.build(data), data, **recipe.train)
    return {"trial": (time.perf_counter() - began) / int(trials)}


def plain(folder: str, trials: str, epochs: str) -> dict[str, float]:
    from kerasae.training.workers import start_worker

    start_worker(1)
    import keras

    drawn = recipes(folder)
    data = drawn[0].load()
    x, held = (data.x(split).reshape(len(data.split(split)), -1) for split in ("train", "validation"))
    began = time.perf_counter()
    for recipe in drawn:
        keras.backend.clear_session(free_memory=False)
        widths, code = recipe.network["widths"], recipe.network["latent_dim"]
        model = keras.Sequential([keras.Input((x.shape[1],))])
        for width in widths:
            model.add(keras.layers.Dense(width, "relu"))
        model.add(keras.layers.Dense(code))
        for width in reversed(widths):
            model.add(keras.layers.Dense(width, "relu"))
        model.add(keras.layers.Dense(x.shape[1]))
        model.compile("adam", loss="mse")
        callbacks = [
            keras.callbacks.EarlyStopping(patience=int(epochs), restore_best_weights=True),
            keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=8),
        ]
        settings = {"batch_size": 128, "epochs": int(epochs), "verbose": 0, "callbacks": callbacks}
        model.fit(x, x, validation_data=(held, held), **settings)
    return {"trial": (time.perf_counter() - began) / int(trials)}


CONTENDERS = {"search": search, "kerasae": kerasae, "keras": plain}


def measured(epochs: int, place: Place, seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        found = turns("benchmarks.speed.tuner_trial", [*CONTENDERS], [folder, TRIALS, epochs])
    figures = {name: found.median(name, "trial") for name in CONTENDERS}
    for name in ("kerasae", "keras"):
        figures[f"against_{name}"] = found.ratio("search", name, "trial")
        figures[f"spread_{name}"] = found.spread("search", name, "trial")
    return figures


RESULT = Result(
    title="A trial of the tuner",
    source="Measured here, side by side",
    protocol=(
        "Eight trials of a random search over code size, depth and node counts on digits, one worker, from "
        "the beginning of the first trial to the end of the last; beside the same networks and epochs, one "
        "after the other, by `kerasae.train` and by `fit` of plain Keras. Seconds of one trial, medians of "
        "five turns. The ratio is the median over the turns; its spread is the range of the five as a share "
        "of it."
    ),
    measures={
        "search": Measure("trial, s"),
        "kerasae": Measure("`kerasae.train`, s"),
        "keras": Measure("Keras, s"),
        "against_kerasae": Measure("trial / `kerasae.train`"),
        "spread_kerasae": Measure("its spread, %", digits=0),
        "against_keras": Measure("trial / Keras"),
        "spread_keras": Measure("its spread, %", digits=0),
    },
    rows=tuple(Row(f"{epochs} epochs", partial(measured, epochs)) for epochs in (60, 200)),
)

if __name__ == "__main__":
    take_turn(CONTENDERS)
