"""What pre-training without labels is worth on MNIST: accuracy with 100, 1,000 and 10,000 labels.

    python benchmarks/label_efficiency.py path/to/mnist

The folder holds the four idx files and their labels. A denoising autoencoder is trained on the 60,000
training images, of which no label is looked at. Its encoder with a head of ten classes is then trained
with few labels, beside the same network from new weights: the same draws of labels, optimiser, batches,
steps and choice of the step, no augmentation on either side. Each of them, at each number of labels, gets
the learning rate of the same list that does best on the first draw; what decides are the labels of a
tenth of the training images, on either side. The 10,000 test images are looked at once, with what was
chosen. Frozen codes and PCA of the same size have a logistic regression, its penalty and scaling chosen
likewise.
"""

import argparse
import dataclasses
import statistics
import time
from pathlib import Path

COUNTS = (100, 1_000, 10_000)
RATES = (3e-4, 1e-3, 3e-3)


def recipe(folder, epochs):
    from kerasae import Recipe

    return Recipe.of(
        "denoising",
        source=str(folder / "train-images-idx3-ubyte.gz"),
        latent_dim=256,
        data={
            "labels": str(folder / "train-labels-idx1-ubyte.gz"),
            "test_path": str(folder / "t10k-images-idx3-ubyte.gz"),
            "test_labels": str(folder / "t10k-labels-idx1-ubyte.gz"),
            "validation": 0.1,
            "calibration": 0.0,
        },
        network={"name": "dense", "widths": [512, 512]},
        model={"corruption": {"name": "masking", "level": 0.5}, "code_activation": "relu"},
        # All 60,000 images: there is no label to hold out, and no epoch to choose.
        train={
            "epochs": epochs,
            "batch_size": 256,
            "hold_out": False,
            "reduce_at": [epochs * 6 // 10, epochs * 17 // 20],
        },
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=25, help="of the pre-training")
    parser.add_argument("--steps", type=int, default=4000, help="of each training with labels, at most")
    parser.add_argument("--draws", type=int, default=3, help="of the labels")
    options = parser.parse_args()

    from kerasae.backend import import_tensorflow

    import_tensorflow(hide_gpus=True)
    from kerasae import PCA, train
    from kerasae.applications.pretraining._classifier import Schedule
    from kerasae.applications.pretraining._labels import FewLabels

    begun = time.perf_counter()
    chosen = recipe(options.folder, options.epochs)
    data = chosen.load()
    model = chosen.build(data)
    history = train(model, data, **chosen.train)
    print(f"pre-trained: {options.epochs} epochs, {history.seconds:.0f} s", flush=True)
    schedule = Schedule(steps=options.steps)
    ours = FewLabels(model, data, schedule, most=60_000, seed=0)
    pca = FewLabels(PCA(model.latent_dim).fit(data), data, schedule, most=60_000, seed=0)

    def draws(rows, way, count):
        """Test accuracies, one a draw, and the learning rate that the validation labels chose."""
        if way == "frozen":
            found = [rows.learn(way, count, seed) for seed in range(options.draws)]
            return [rows.accuracy(one, data, "test") for one in found], None
        tried = {}
        for rate in RATES:
            one = rows.learn(way, count, 0, dataclasses.replace(schedule, learning_rate=rate))
            tried[rate] = rows.accuracy(one, data, "validation"), one
        best = max(RATES, key=lambda rate: tried[rate][0])
        print(
            f"  {way}, {count}: " + ", ".join(f"{rate:g}: {tried[rate][0]:.4f}" for rate in RATES), flush=True
        )
        fixed = dataclasses.replace(schedule, learning_rate=best)
        found = [tried[best][1], *(rows.learn(way, count, seed, fixed) for seed in range(1, options.draws))]
        return [rows.accuracy(one, data, "test") for one in found], best

    lines = []
    for title, rows, way in (
        (f"PCA-{model.latent_dim} and logistic regression", pca, "frozen"),
        ("pre-trained, frozen, logistic regression", ours, "frozen"),
        ("the same network from scratch", ours, "scratch"),
        ("pre-trained, all weights fine-tuned", ours, "fine-tuned"),
        ("pre-trained, in stages: head, then all", ours, "staged"),
    ):
        cells = []
        for count in COUNTS:
            accuracies, rate = draws(rows, way, count)
            spread = statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
            cells.append(f"{100 * statistics.fmean(accuracies):.2f} ± {100 * spread:.2f}")
            print(title, count, rate, [round(one, 4) for one in accuracies], flush=True)
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    print("<!-- label-efficiency -->")
    print("| accuracy on the test images, % | " + " | ".join(f"{count:,} labels" for count in COUNTS) + " |")
    print("|---" + "|---:" * len(COUNTS) + "|")
    print("\n".join(lines))
    print("<!-- /label-efficiency -->")
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
