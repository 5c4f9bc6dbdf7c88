"""Three layers pre-trained one by one, with noise and without, and fine-tuned on MNIST-basic.

10,000 images train, 2,000 choose and 50,000 are the test, drawn by a fixed seed from the 70,000, since the
files of Larochelle et al. 2007 are not on this machine. Noise, epochs and learning rate were chosen on the
2,000, on which `--validation` reports.
"""

from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row

SIZES = {"train": 10_000, "validation": 2_000, "test": 50_000}
WIDTHS = [1000, 1000]
UNITS = 1000


def drawn(place: Place) -> str:
    """Write the three splits into one file, and return its path."""
    from kerasae.data.arrays import read_array_file

    path = place.runs / "mnist_basic.npz"
    if path.is_file():
        return str(path)
    folder = place.data / "mnist"
    images, labels = (
        np.concatenate(
            [
                next(iter(read_array_file(folder / f"{part}-{what}-ubyte.gz").values()))
                for part in ("train", "t10k")
            ]
        )
        for what in ("images-idx3", "labels-idx1")
    )
    order, arrays, begin = np.random.default_rng(0).permutation(len(images)), {}, 0
    for split, size in SIZES.items():
        rows = order[begin : begin + size]
        arrays[f"x_{split}"], arrays[f"y_{split}"] = images[rows], labels[rows]
        begin += size
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return str(path)


def fine_tuned(level: float | None, place: Place, seed: int) -> dict[str, float]:
    """Errors after stacking with a share of masked inputs, or from new weights if there is no level."""
    import kerasae
    from kerasae.applications import Pretraining
    from kerasae.applications.pretraining.stacking import stack

    recipe = kerasae.Recipe.of(
        "undercomplete",
        source=drawn(place),
        latent_dim=UNITS,
        data={"calibration": 0.0},
        network={"name": "dense", "widths": WIDTHS, "activation": "sigmoid"},
        model={"code_activation": "sigmoid"},
        loss={"name": "bernoulli"},
        train={"seed": seed},
    )
    data = recipe.load()
    model = recipe.build(data)
    data = place.reported(data.with_preprocessor(model.preprocessor))
    if level is not None:
        stack(model, data, epochs=100, level=level, seed=seed, batch_size=100)
    settings: Any = {"steps": 20_000, "batch_size": 20, "patience": 60, "learning_rate": 3e-4}
    classifier = Pretraining(model, mode="fine-tuned", seed=seed, **settings).fit(data)
    return {"error": 100 * (1 - classifier.score(data.test.examples, data.test.labels))}


RESULT = Result(
    title="Stacked denoising autoencoders",
    source="Vincent, Larochelle, Lajoie, Bengio and Manzagol 2010, JMLR 11",
    protocol=(
        "MNIST-basic, 10,000 / 2,000 / 50,000, three layers of 1,000 sigmoid units pre-trained one by one, "
        "then fine-tuned with the labels; errors of the 50,000 test images, in percent. The split is drawn "
        "by ourselves."
    ),
    measures={"error": Measure("error, %")},
    rows=(
        Row(
            "masking noise",
            partial(fine_tuned, 0.25),
            published={"error": 2.84},
            goal={"error": 2.9},
            seeds=3,
        ),
        Row("no noise", partial(fine_tuned, 0.0), published={"error": 3.46}, seeds=3),
        Row("no pre-training", partial(fine_tuned, None), seeds=3),
    ),
)
