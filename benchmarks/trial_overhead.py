"""What a trial of a search costs beside the same fit outside it.

    python benchmarks/trial_overhead.py --trials 8 --epochs 60

A search over the digits with one worker, then the recipes that it drew, built and trained one after
the other in a process of their own with the same threads. The search's time runs from the beginning of
its first trial to the end of its last: questions to the chief, figures of the validation split and
files are in it. Both are taken several times, in turn.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def fits(folder):
    """Trains the recipes of all trials; prints the seconds."""
    import time

    from kerasae.training.workers import start_worker

    start_worker(1)
    import keras
    from kerasae.tuning import Settings, read_trials

    from kerasae import train

    settings = Settings.read(folder / "tuning.json")
    data = settings.recipe.load()
    recipes = [settings.recipe.override(trial.settings) for trial in read_trials(folder / "search")]
    began = time.perf_counter()
    for recipe in recipes:
        keras.backend.clear_session(free_memory=False)
        train(recipe.build(data), data, **recipe.train)
    print(time.perf_counter() - began)


def searched(folder, trials, epochs):
    """Runs a search; its seconds from the first trial's beginning to the last one's end."""
    from kerasae.tuning import Settings, Space, search

    from kerasae import Recipe

    recipe = Recipe.of(train={"epochs": epochs, "patience": epochs})
    settings = Settings(recipe, Space(latent_dims=(4, 8, 16)), trials, tuner="random")
    search(folder, settings, recipe.load(), jobs=1)
    ended = sorted(
        (path.stat().st_mtime, json.loads(path.read_text())["seconds"])
        for path in folder.glob("search/trial_*/result.json")
    )
    return ended[-1][0] - (ended[0][0] - ended[0][1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--fits", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fits:
        fits(options.fits)
        return
    ratios = []
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            search_seconds = searched(Path(folder), options.trials, options.epochs)
            done = subprocess.run(
                [sys.executable, __file__, "--fits", folder], capture_output=True, text=True, check=True
            )
            fit_seconds = float(done.stdout.split()[-1])
        ratios.append(search_seconds / fit_seconds)
        print(
            f"{options.trials} trials {search_seconds:6.1f} s, the same fits {fit_seconds:6.1f} s, "
            f"ratio {ratios[-1]:.3f}",
            flush=True,
        )
    print(f"median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
