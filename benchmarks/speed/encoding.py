"""Images a second that a model encodes, beside a bare forward pass of the same encoder.

    python -m benchmarks.speed.encoding CONTENDER NETWORK IMAGES ROWS

runs one contender on one of `NETWORKS`: `kerasae`, which is `model.transform` of raw images; or `graph` and
`xla`, the encoder as a `tf.function` without and with XLA, over batches of the same size that are float32
tensors in [0, 1] already, and its codes as NumPy arrays.
"""

from functools import partial
from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed._epochs import images
from benchmarks.speed._turns import seconds_of, take_turn, turns

ROWS = 60_000
#: Batch size of `transform`, which is its default.
BATCH = 1024
#: Passes over the images in a turn, after one that traces and compiles.
PASSES = 5
#: Settings of the network, and code size.
NETWORKS: dict[str, tuple[dict[str, Any], int]] = {
    "784-512-16": ({"name": "dense", "widths": [512]}, 16),
    "784-64-8": ({"name": "dense", "widths": [64]}, 8),
    "convolutions of 32, 64 and 128, code of 16": ({"name": "conv"}, 16),
}


def model_of(network: str, path: str) -> Any:
    """Return an untrained model of the images of a file, with its preprocessor."""
    from kerasae import Recipe

    settings, code = NETWORKS[network]
    recipe = Recipe.of("undercomplete", source=path, latent_dim=code, network=settings)
    return recipe.build(recipe.load())


def kerasae(network: str, path: str, rows: str) -> dict[str, float]:
    model = model_of(network, path)
    raw = images(path)[: int(rows)].reshape(-1, *model.spec.shape)
    model.transform(raw)
    return {"seconds": seconds_of(lambda: model.transform(raw), PASSES)}


def bare(network: str, path: str, rows: str, jit: bool) -> dict[str, float]:
    import numpy as np
    import tensorflow as tf

    model = model_of(network, path)
    x = (images(path)[: int(rows)].astype("float32") / 255).reshape(-1, *model.spec.shape)
    batches = [tf.constant(x[start : start + BATCH]) for start in range(0, len(x), BATCH)]

    @tf.function(jit_compile=jit, autograph=False)
    def encode(batch: Any) -> Any:
        return model.to_code(model.encoder(batch))

    def whole() -> Any:
        return np.concatenate([encode(batch).numpy() for batch in batches])

    whole()
    return {"seconds": seconds_of(whole, PASSES)}


CONTENDERS = {"kerasae": kerasae, "graph": partial(bare, jit=False), "xla": partial(bare, jit=True)}


def measured(network: str, place: Place, seed: int) -> dict[str, float]:
    path = place.data / "mnist" / "train-images-idx3-ubyte.gz"
    found = turns("benchmarks.speed.encoding", [*CONTENDERS], [network, path, ROWS])
    quickest = min(("graph", "xla"), key=lambda name: found.median(name, "seconds"))
    speeds = {name: ROWS / found.median(name, "seconds") for name in CONTENDERS}
    return {
        **speeds,
        "share": 100 * found.ratio(quickest, "kerasae", "seconds"),
        "spread": found.spread(quickest, "kerasae", "seconds"),
    }


RESULT = Result(
    title="Encoding",
    source="Measured here, side by side",
    protocol=(
        "60,000 images of MNIST, uint8 in memory, to codes in memory, in batches of 1,024, beside the same "
        "encoder as a bare `tf.function` over batches that are float32 tensors already. Without tracing and "
        "compilation. A turn is the median of five passes. The share is that of the quicker bare pass, the "
        "median over five turns; its spread is the range of the five as a share of it."
    ),
    measures={
        "kerasae": Measure("`transform`, images a second", digits=0, less=False),
        "graph": Measure("bare, graph, images a second", digits=0, less=False),
        "xla": Measure("bare, XLA, images a second", digits=0, less=False),
        "share": Measure("share of the bare pass, %", digits=0, less=False),
        "spread": Measure("its spread, %", digits=0),
    },
    rows=tuple(Row(network, partial(measured, network), goal={"share": 80}) for network in NETWORKS),
)

if __name__ == "__main__":
    take_turn(CONTENDERS)
