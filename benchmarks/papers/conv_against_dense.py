"""The convolutional and the dense network at equal numbers of weights, on MNIST through 32 numbers.

Both have their defaults but for the widths of the dense one: the second is half of the first, and its weights
come nearest to those of the convolutional one. A tenth of the training images chooses the epoch, on which
`--validation` reports, and the test images are looked at once.
"""

from functools import partial
from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row

CODE, EPOCHS = 32, 30


def recipe_of(place: Place, seed: int, network: dict[str, Any]) -> Any:
    from kerasae import Recipe

    data = place.mnist()
    train = {"epochs": EPOCHS, "batch_size": 256, "seed": seed}
    return Recipe.of(
        "undercomplete", source=data.pop("path"), data=data, latent_dim=CODE, network=network, train=train
    )


def pca(place: Place, seed: int) -> dict[str, float]:
    from kerasae import PCA

    recipe = recipe_of(place, seed, {})
    data = recipe.prepare(recipe.load())
    return error(place, PCA(CODE).fit(place.fitted(data)), data)


def trained(name: str, place: Place, seed: int) -> dict[str, float]:
    network: dict[str, Any] = {"name": "conv"}
    if name == "dense":
        network = {"name": "dense", "widths": equal_widths(place)}
    run = place.run(f"{name}-{seed}", recipe_of(place, seed, network))
    return {**error(place, run.model, run.data), "weights": run.model.count_params()}


def equal_widths(place: Place) -> list[int]:
    """Return two widths, the second half of the first, with about as many weights as the network `conv`."""
    spec = recipe_of(place, 0, {}).load().spec

    def count(network: dict[str, Any]) -> int:
        weights: int = recipe_of(place, 0, network).build(spec).count_params()
        return weights

    wanted, low, high = count({"name": "conv"}), 16, 2048
    while high - low > 1:
        middle = (low + high) // 2
        few = count({"name": "dense", "widths": [middle, middle // 2]}) <= wanted
        low, high = (middle, high) if few else (low, middle)
    return [low, low // 2]


def error(place: Place, codec: Any, data: Any) -> dict[str, float]:
    from kerasae import evaluate

    return {"error": evaluate(codec, place.reported(data))["error"]}


RESULT = Result(
    title="Convolutional against dense, equal weights",
    source="Protocol of our own; measured here, side by side",
    protocol=(
        "MNIST, a code of 32 numbers, 30 epochs, equal batches and learning rate; the mean squared error of "
        "the pixels in [0, 1] of the 10,000 test images. 54,000 images train, and 6,000 choose the epoch."
    ),
    measures={"error": Measure("mean squared error", digits=5), "weights": Measure("weights", digits=0)},
    rows=(
        Row("PCA", pca),
        Row("dense", partial(trained, "dense"), seeds=3),
        Row("convolutional", partial(trained, "conv"), seeds=3),
    ),
)
