"""Neighbours and clusters of digits by their codes, beside the same by PCA.

The network is that of deep embedded clustering (Xie, Girshick and Farhadi 2016), 784-500-500-2000 and its
mirror. A tenth of the training images chooses the epoch by the squared error; batch size and learning rate
are the usual ones, and the refinement has the weight 0.1 of Guo et al. 2017. No training and no choice saw a
label: they are for the figures alone. `--validation` takes the queries from the validation split.
"""

import dataclasses
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row

QUERIES, BITS = 1000, 32
EPOCHS, REFINING_EPOCHS = 30, 10


def pca(size: int, place: Place, seed: int) -> dict[str, float]:
    from kerasae import PCA

    recipe = recipe_of(place, size, seed)
    data = recipe.prepare(recipe.load())
    return figures(PCA(size).fit(place.fitted(data)), data, place, seed)


def autoencoder(size: int, place: Place, seed: int) -> dict[str, float]:
    run = place.run(f"undercomplete-{size}-{seed}", recipe_of(place, size, seed))
    return figures(run.model, run.data, place, seed)


def refined(size: int, place: Place, seed: int) -> dict[str, float]:
    from kerasae.applications import Clustering

    run = place.run(f"undercomplete-{size}-{seed}", recipe_of(place, size, seed))
    settings: Any = {"clusters": 10, "starts": 10, "refine": True, "epochs": REFINING_EPOCHS, "seed": seed}
    return figures(Clustering(run.model, **settings).fit(run.data).codec_, run.data, place, seed)


def recipe_of(place: Place, size: int, seed: int) -> Any:
    from kerasae import Recipe

    data = place.mnist()
    train = {"epochs": EPOCHS, "batch_size": 256, "reduce_patience": 2, "seed": seed}
    network = {"name": "dense", "widths": [500, 500, 2000]}
    return Recipe.of(
        "undercomplete", source=data.pop("path"), data=data, latent_dim=size, network=network, train=train
    )


def figures(codec: Any, data: Any, place: Place, seed: int) -> dict[str, float]:
    """Return what clusters and neighbours in the codes have in common with the digits."""
    from sklearn.cluster import KMeans

    from kerasae.applications import Retrieval
    from kerasae.applications.clustering._agreement import agreement

    splits = [data.train, data.validation, data.test]
    codes = np.concatenate([codec.transform(part.examples) for part in splits])
    labels = np.concatenate([part.labels for part in splits])
    clusters = KMeans(10, n_init=10, random_state=seed).fit_predict(codes)
    agreed = {metric.key: metric.value for metric in agreement(labels, clusters)}
    # A query must not be among the rows of the index, which holds training and validation rows.
    reported = place.fitted(place.reported(data))
    asked = dataclasses.replace(reported, test=reported.test.drawn(QUERIES, seed))
    ranked = []
    for settings in ({}, {"binary": True, "bits": BITS}):
        retrieval = Retrieval(codec, most=QUERIES, seed=seed, **settings).fit(asked)
        ranked.append(retrieval.report(asked, None).figures["mean_average_precision"])
    return {
        "accuracy": 100 * agreed["matched_accuracy"],
        "nmi": 100 * agreed["nmi"],
        "precision": ranked[0],
        "precision_of_bits": ranked[1],
    }


RESULT = Result(
    title="Neighbours and clusters by codes of MNIST",
    source="Protocol of our own; Gong and Lazebnik 2011, CVPR (iterative quantization)",
    protocol=(
        "MNIST. Mean average precision over the full ranking of the 60,000 training images, for 1,000 test "
        "images that a seed draws: by the distance of codes, and by 32 bits that iterative quantization "
        "makes of them; it is the mean over all orders of images at the same distance. k-means with ten "
        "clusters, the best of ten starts by its own sum of squares, on the codes of all 70,000 images: "
        "accuracy with clusters matched to digits one to one, and normalised mutual information, in percent. "
        "Models, PCA and bits are fitted on the 60,000 training images."
    ),
    measures={
        "accuracy": Measure("k-means accuracy, %", digits=1, less=False),
        "nmi": Measure("NMI, %", digits=1, less=False),
        "precision": Measure("mAP", digits=3, less=False),
        "precision_of_bits": Measure(f"mAP, {BITS} bits", digits=3, less=False),
    },
    rows=(
        *(Row(f"PCA, {size} numbers", partial(pca, size)) for size in (10, 30, 32)),
        Row("undercomplete, 32 numbers", partial(autoencoder, 32)),
        Row("undercomplete, 10 numbers", partial(autoencoder, 10)),
        Row("undercomplete, 10 numbers, refined", partial(refined, 10)),
    ),
)
