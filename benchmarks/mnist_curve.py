"""How small a code will do for MNIST: validation error against code size, with PCA beside it.

    python benchmarks/mnist_curve.py path/to/mnist --out runs/mnist-curve --picture mnist_curve.png

The folder holds the four idx files. A search as `kerasae tune` runs it, over depth and node counts at
2, 4, 8, 16, 32 and 64 numbers; a tenth of the training images judges. Then the best network of each
size is trained on all training images with the epochs found, and the test images are looked at once,
beside PCA fitted on the same images. What was interrupted goes on.
"""

import argparse
import json
from pathlib import Path

SIZES = (2, 4, 8, 16, 32, 64)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=15)
    options = parser.parse_args()

    from kerasae.backend import import_tensorflow

    import_tensorflow(hide_gpus=True)
    from kerasae.tuning import Settings, Space, baseline_values, best_of, recommendation, search, trade_off
    from kerasae.tuning.refit import winning_recipe

    from kerasae import PCA, Recipe, evaluate, train
    from kerasae.report import search_figures
    from kerasae.training.workers import default_jobs

    recipe = Recipe.of(
        "undercomplete",
        source=str(options.folder / "train-images-idx3-ubyte.gz"),
        data={
            "test_path": str(options.folder / "t10k-images-idx3-ubyte.gz"),
            "validation": 0.1,
            "calibration": 0.0,
        },
        network={"name": "dense"},
        train={"epochs": options.epochs, "batch_size": 256},
    )
    settings = Settings(recipe, Space(latent_dims=SIZES, widest=(64, 1024)), options.trials)
    options.out.mkdir(parents=True, exist_ok=True)
    data = recipe.load()
    aim = settings.objective_for(data)

    def progress(trials):
        print(sum(trial.status != "RUNNING" for trial in trials), "trials", flush=True)

    trials = search(options.out, settings, data, jobs=default_jobs(), progress=progress)
    curve = trade_off(trials, aim, baseline_values(SIZES, aim, data), options.out / "search")

    print(
        f"{'size':>8}{'validation':>12}{'PCA':>10}   {'network':18}{'test':>10}{'PCA':>10}{'below PCA':>11}"
    )
    for point in curve.points:
        winner = best_of(trials, aim, point.latent_dim)
        chosen = winning_recipe(settings, winner)
        kept = options.out / f"test-{point.latent_dim}.json"
        if not kept.is_file():
            model = chosen.build(data)
            train(model, data, **chosen.train)
            found = {
                "test": evaluate(model, data)["error"],
                "pca": evaluate(PCA(point.latent_dim).fit(data), data)["error"],
            }
            kept.write_text(json.dumps(found))
        found = json.loads(kept.read_text())
        print(
            f"{point.latent_dim:8}{point.value:12.5f}{point.baselines['pca']:10.5f}   {winner.shape():18}"
            f"{found['test']:10.5f}{found['pca']:10.5f}{100 * (1 - found['test'] / found['pca']):10.1f}%",
            flush=True,
        )
    for _, sentence in recommendation(curve):
        print(sentence)
    if options.picture:
        figure = search_figures.trade_off(
            [point.latent_dim for point in curve.points],
            [point.value for point in curve.points],
            {"PCA": [point.baselines["pca"] for point in curve.points]},
            curve.heading,
            curve.recommended(),
        )
        figure.savefig(options.picture)


if __name__ == "__main__":
    main()
