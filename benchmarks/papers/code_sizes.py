"""Codes of 8, 30 and 64 numbers of three sets of images: an autoencoder beside PCA.

The network is that of Hinton and Salakhutdinov, with the training of `deep_autoencoder` in 100 epochs. All
training images train, and the test images are looked at once; `--validation` holds a tenth of the training
images out and reports on it. Fashion-MNIST and CIFAR-10 are read as TensorFlow Datasets prepares them.
"""

import math
from functools import partial

from benchmarks.harness.place import Place
from benchmarks.harness.prepared import prepared
from benchmarks.harness.result import Measure, Result, Row

EPOCHS = 100
SIZES = (8, 30, 64)
#: Names of TFDS; MNIST is a folder of files here.
SETS = {"MNIST": None, "Fashion-MNIST": "fashion_mnist", "CIFAR-10": "cifar10"}


def errors(name: str, size: int, place: Place, seed: int) -> dict[str, float]:
    """Return the squared errors of an autoencoder and of PCA, summed over the values of an image."""
    from kerasae import PCA, evaluate

    dataset = SETS[name]
    recipe = place.recipe(
        "undercomplete",
        EPOCHS,
        data=None if dataset is None else prepared(dataset),
        latent_dim=size,
        network={"name": "dense", "widths": [1000, 500, 250], "activation": "gelu"},
        train={"batch_size": 256, "seed": seed},
    )
    run = place.run(f"{name}-{size}-{seed}", recipe)
    data, values = place.reported(run.data), math.prod(run.data.spec.shape)
    codecs = run.model, PCA(size).fit(place.fitted(run.data))
    dense, pca = (values * evaluate(codec, data)["error"] for codec in codecs)
    return {"dense": dense, "pca": pca, "share": dense / pca}


RESULT = Result(
    title="Code sizes",
    source="Protocol of our own; the network of Hinton and Salakhutdinov 2006, Science 313(5786)",
    protocol=(
        "A code of 8, 30 or 64 numbers, a dense network with 1000, 500 and 250 units and its mirror, 100 "
        "epochs; the squared error summed over the values of an image in [0, 1] (784, and 3,072 of "
        "CIFAR-10), mean of the 10,000 test images; all training images train. PCA of the same size is "
        "fitted on the same images."
    ),
    measures={
        "dense": Measure("squared error"),
        "pca": Measure("PCA's"),
        "share": Measure("as a share of PCA's", digits=3),
    },
    rows=tuple(
        Row(f"{name}, {size} numbers", partial(errors, name, size), goal={"share": 0.99})
        for name in SETS
        for size in SIZES
    ),
    notes=("Fashion-MNIST and CIFAR-10 are not on the machine of these figures.",),
)
