"""k-means and 32-bit retrieval on codes of MNIST, beside the same on PCA.

    python benchmarks/mnist_codes.py path/to/mnist

The folder holds the four idx files. Prints the table between `<!-- mnist-codes -->` in the README:

- k-means, 10 clusters, the best of 10 starts by its own sum of squares, on the codes of all 70,000
  images: accuracy with clusters matched to digits one to one, and NMI;
- mean average precision over the full ranking: the 60,000 training images are the data base, 1,000 test
  images drawn by a seed the queries, by the distance of the codes and by 32 bits, which iterative
  quantization makes of them (Gong and Lazebnik 2011). It is the mean over
  all orders of images at the same distance.

Labels are for these figures alone: no training and no choice of a setting saw one. The network is that
of deep embedded clustering (Xie, Girshick, Farhadi 2016), 500, 500 and 2,000 units and a code of 10;
a code of 32 stands beside it. The loss is the squared error, a tenth of the training images chooses the
epoch by it, and batch size and learning rate are Keras's and that paper's usual 256 and 0.001. The
refinement has the weight 0.1 of improved deep embedded clustering (Guo et al. 2017), and ten clusters,
as k-means has. Models, PCA and bits are fitted on the 60,000 training images.
"""

import argparse
import dataclasses
import time
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--refine-epochs", type=int, default=10)
    parser.add_argument("--widths", type=int, nargs="+", default=[500, 500, 2000])
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 10], help="the last one is refined")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    from kerasae.backend import import_tensorflow

    import_tensorflow(hide_gpus=True)
    import numpy as np

    from kerasae import PCA, Recipe, train
    from kerasae.applications import Clustering
    from kerasae.data import Split

    folder = options.folder
    recipe = Recipe.of(
        "undercomplete",
        source=str(folder / "train-images-idx3-ubyte.gz"),
        data={
            "labels": str(folder / "train-labels-idx1-ubyte.gz"),
            "test_path": str(folder / "t10k-images-idx3-ubyte.gz"),
            "test_labels": str(folder / "t10k-labels-idx1-ubyte.gz"),
            "validation": 0.1,
            "calibration": 0.0,
        },
        network={"name": "dense", "widths": options.widths},
    )
    data = recipe.load()
    chosen = np.random.default_rng(options.seed).choice(len(data.test), options.queries, replace=False)
    asked = dataclasses.replace(data, test=Split(data.test.examples[chosen], data.test.labels[chosen]))

    print(
        "| code | numbers | k-means accuracy | NMI | mAP | mAP, 32 bits | training |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    for size in sorted({10, 30, 32, *options.sizes}):
        show("PCA", PCA(size).fit(data), data, asked, 0.0, options.seed)
    for size in options.sizes:
        began = time.perf_counter()
        sized = recipe.override({"network.latent_dim": size, "train.seed": options.seed})
        model = sized.build(data)
        train(model, data, epochs=options.epochs, batch_size=256, reduce_patience=2, seed=options.seed)
        show("undercomplete", model, data, asked, time.perf_counter() - began, options.seed)
    began = time.perf_counter()
    refined = Clustering(
        model, clusters=10, starts=10, refine=True, epochs=options.refine_epochs, seed=options.seed
    ).fit(data)
    show("the same, refined", refined.codec_, data, asked, time.perf_counter() - began, options.seed)


def show(name, codec, data, asked, seconds, seed):
    """Prints the line of a codec."""
    import numpy as np
    from sklearn.cluster import KMeans

    from kerasae.applications import Retrieval
    from kerasae.applications.clustering._agreement import agreement

    splits = [data.train, data.validation, data.test]
    codes = np.concatenate([codec.transform(part.examples) for part in splits])
    labels = np.concatenate([part.labels for part in splits])
    clusters = KMeans(10, n_init=10, random_state=seed).fit_predict(codes)
    agreed = {metric.key: metric.value for metric in agreement(labels, clusters)}
    ranked = []
    for settings in ({}, {"binary": True, "bits": 32}):
        retrieval = Retrieval(codec, most=len(asked.test), seed=seed, **settings).fit(asked)
        ranked.append(retrieval.report(asked, None).figures["mean_average_precision"])
    cells = [agreed["matched_accuracy"], agreed["nmi"], *ranked]
    took = f"{seconds:.0f} s" if seconds else "–"
    print(
        f"| {name} | {codec.latent_dim} | {' | '.join(f'{cell:.3f}' for cell in cells)} | {took} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
