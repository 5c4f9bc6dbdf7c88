"""The deep autoencoder of Hinton and Salakhutdinov beside PCA, on MNIST through 30 numbers.

The network is theirs, 784-1000-500-250-30 and its mirror; the training is ours: Adam with a cosine schedule
in place of pre-training and conjugate gradients. Activation, loss, epochs, learning rate and batch size were
chosen on a tenth of the training images, on which `--validation` reports. The final model is trained on all
60,000, and the test images are looked at once.
"""

from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row

CODE = 30
PIXELS = 784


def pca(place: Place, seed: int) -> dict[str, float]:
    from kerasae import PCA

    data = place.recipe("undercomplete", 1, train={"hold_out": False}).load()
    if not place.validation:
        data = data.joined()
    return error(place, PCA(CODE).fit(place.fitted(data)), data)


def dense(place: Place, seed: int) -> dict[str, float]:
    network = {"name": "dense", "widths": [1000, 500, 250], "activation": "gelu"}
    return trained(place, "dense", seed, network, epochs=300)


def conv(place: Place, seed: int) -> dict[str, float]:
    """The network `conv`, with filters that give it about as many weights as the dense one has."""
    return trained(place, "conv", seed, {"name": "conv", "filters": [96, 192]}, epochs=30)


def trained(place: Place, name: str, seed: int, network: dict[str, Any], epochs: int) -> dict[str, float]:
    train = {"batch_size": 256, "seed": seed}
    recipe = place.recipe("undercomplete", epochs, latent_dim=CODE, network=network, train=train)
    run = place.run(f"{name}-{seed}", recipe)
    return {**error(place, run.model, run.data), "weights": run.model.count_params()}


def error(place: Place, codec: Any, data: Any) -> dict[str, float]:
    from kerasae import evaluate

    return {"error": PIXELS * evaluate(codec, place.reported(data))["error"]}


RESULT = Result(
    title="Deep autoencoder against PCA",
    source="Hinton and Salakhutdinov 2006, Science 313(5786)",
    protocol=(
        "MNIST, a code of 30 numbers, the squared error summed over 784 pixels in [0, 1], mean of the "
        "10,000 test images; all 60,000 training images train."
    ),
    measures={
        "error": Measure("squared error"),
        "weights": Measure("weights", digits=0),
    },
    rows=(
        Row("PCA", pca, published={"error": 13.87}, goal={"error": 13.87}),
        Row("logistic PCA", published={"error": 8.01}),
        Row("784-1000-500-250-30", dense, published={"error": 3.00}, goal={"error": 2.65}, seeds=3),
        Row("best dense re-implementation known", published={"error": 2.65}),
        Row("convolutional, as many weights", conv, seeds=1),
    ),
)
