"""Test error on MNIST of the convolutional and the dense network at equal parameters.

    python benchmarks/conv_against_dense.py path/to/mnist --epochs 30 --seeds 3

The folder holds the four idx files. Code size 32, undercomplete, squared error, the same epochs,
batches and learning rate for both; the widths of the dense network are the ones whose parameters
come nearest to those of the convolutional one at its defaults. A tenth of the training images chooses
the epoch, the test images are looked at once. PCA of the same size stands beside them.
"""

import argparse
import statistics
from pathlib import Path

LATENT = 32


def recipe(folder, epochs, **network):
    from kerasae import Recipe

    return Recipe.of(
        "undercomplete",
        source=str(folder / "train-images-idx3-ubyte.gz"),
        latent_dim=LATENT,
        data={"test_path": str(folder / "t10k-images-idx3-ubyte.gz"), "validation": 0.1, "calibration": 0.0},
        network=network,
        train={"epochs": epochs, "batch_size": 256},
    )


def equal_widths(folder, epochs, parameters, spec):
    """Two widths, the second half of the first, whose network has about so many parameters."""

    def count(width):
        return recipe(folder, epochs, name="dense", widths=[width, width // 2]).build(spec).count_params()

    low, high = 16, 2048
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= parameters else (low, middle)
    return [low, low // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()

    from kerasae import PCA, evaluate, train

    first = recipe(options.folder, options.epochs, name="conv")
    data = first.load()
    model = first.build(data)
    widths = equal_widths(options.folder, options.epochs, model.count_params(), data.spec)
    second = recipe(options.folder, options.epochs, name="dense", widths=widths)
    print(f"{'':24}{'test error':>12}{'parameters':>12}{'seconds':>9}{'epochs':>8}{'best':>6}")
    print(f"{f'PCA-{LATENT}':24}{evaluate(PCA(LATENT).fit(data), data)['error']:12.5f}", flush=True)
    for name, chosen in ((f"dense {widths}", second), ("conv", first)):
        errors = []
        for seed in range(options.seeds):
            seeded = chosen.override({"train.seed": seed})
            model = seeded.build(data)
            history = train(model, data, **seeded.train)
            errors.append(evaluate(model, data)["error"])
            print(
                f"{name + f', seed {seed}':24}{errors[-1]:12.5f}{model.count_params():12,}"
                f"{history.seconds:9.0f}{len(history.epochs):8}{history.best_epoch:6}",
                flush=True,
            )
        spread = statistics.stdev(errors) if len(errors) > 1 else 0.0
        print(f"{name + ', mean':24}{statistics.fmean(errors):12.5f} ± {spread:.5f}", flush=True)


if __name__ == "__main__":
    main()
