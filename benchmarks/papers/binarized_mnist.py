"""Likelihood of a variational autoencoder on MNIST that was binarised once.

The network is that of Pythae's table, 784-400-40 and its mirror. `../shared/data/binarized_mnist` has its own
split: 50,000 images train, 10,000 choose the epoch, 10,000 are the test. `--validation` reports on those that
choose.
"""

import numpy as np

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row

SAMPLES = 5000


def unpacked(place: Place) -> str:
    """Write the images as arrays of 28 x 28, and return the path."""
    path = place.runs / "binarized_mnist.npz"
    if not path.is_file():
        packed = np.load(place.data / "binarized_mnist" / "binarized_mnist.npz")
        images = {key: np.unpackbits(packed[key], axis=1)[:, :784] for key in ("train", "valid", "test")}
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{key: rows.reshape(-1, 28, 28) for key, rows in images.items()})
    return str(path)


def likelihood(place: Place, seed: int) -> dict[str, float]:
    from kerasae import Recipe

    recipe = Recipe.of(
        "variational",
        source=unpacked(place),
        latent_dim=40,
        data={"calibration": 0.0},
        # The highest value of the file is 1, not 255.
        preprocessing={"name": "rescaling", "low": 0.0, "high": 1.0},
        network={"name": "dense", "widths": [400]},
        loss={"name": "bernoulli"},
        train={"epochs": 300, "batch_size": 100, "seed": seed, "patience": 50, "reduce_patience": 20},
    )
    run = place.run(f"variational-{seed}", recipe)
    rows = place.reported(run.data).test.examples
    return {"nll": run.model.nll(rows, SAMPLES).mean(), "elbo": -run.model.elbo(rows, samples=10)["elbo"]}


RESULT = Result(
    title="Variational autoencoder, binarised once",
    source="Chadebec, Vincent and Allassonnière 2022, NeurIPS Datasets and Benchmarks (Pythae)",
    protocol=(
        "Binary MNIST, 50,000 / 10,000 / 10,000, 784-400-40; the negative log-likelihood of the test images "
        "by importance sampling with 5,000 draws, in nats. The validation images choose the epoch. Our file "
        "was drawn from the grey levels by ourselves; that it is the file of the literature is not proven."
    ),
    measures={"nll": Measure("nats"), "elbo": Measure("nats, ELBO")},
    rows=(Row("variational", likelihood, published={"nll": 89.78}, goal={"nll": 89.78}, seeds=3),),
)
