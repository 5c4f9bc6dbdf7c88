"""What the contractive penalty costs: a training step with it, as a ratio to the step without it.

    python -m benchmarks.speed.contractive_penalty CONTENDER NETWORK xla|graph

runs one contender on one of `NETWORKS`: `plain`, without the penalty; `exact`; `probe`, the estimate from one
random sign vector; or `batch_jacobian`, the penalty by `GradientTape.batch_jacobian`, as a plain
implementation would have it. XLA does not finish to compile that one on a CPU.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed._turns import seconds_of, take_turn, turns

#: Rows of a batch, steps that are timed together, and how often.
BATCH, STEPS, ROUNDS = 256, 20, 7
CODE, WEIGHT = 32, 0.01
#: Shape of an example, settings of the network, and activation of the code.
NETWORKS: dict[str, tuple[tuple[int, ...], dict[str, Any], str]] = {
    "784-32 sigmoid code": ((784,), {"widths": []}, "sigmoid"),
    "784-256-32 linear code": ((784,), {"widths": [256]}, "linear"),
    "784-256-32 sigmoid code": ((784,), {"widths": [256]}, "sigmoid"),
    "784-512-256-32 linear code": ((784,), {"widths": [512, 256]}, "linear"),
    "28 x 28, convolutions of 16 and 32, linear code": (
        (28, 28, 1),
        {"name": "conv", "filters": [16, 32]},
        "linear",
    ),
}


def step_of(network: str, penalty: Any, jit: bool) -> Callable[[], Any]:
    """Return a compiled training step, as a function of nothing."""
    import keras
    import numpy as np
    import tensorflow as tf

    from kerasae import Recipe
    from kerasae.spec import Spec

    shape, settings, activation = NETWORKS[network]
    spec = Spec("vector", shape) if len(shape) == 1 else Spec("image", shape, "float32", 0.0, 1.0)
    arguments: dict[str, Any] = {"code_activation": activation}
    if penalty is not None:
        arguments["contraction"] = penalty
    model = Recipe.of(
        "undercomplete", latent_dim=CODE, network={"activation": "tanh", **settings}, model=arguments
    ).build(spec)
    # The bound on the decoder, which comes with the penalty, has a cost of its own that is not measured here.
    for variable in model.decoder.trainable_variables:
        variable.constraint = None
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=jit)
    model.optimizer.build(model.trainable_variables)
    x = tf.constant(np.random.default_rng(0).random((BATCH, *shape)), tf.float32)

    @tf.function(jit_compile=jit, autograph=False)
    def step() -> Any:
        return model.train_step(x)["loss"]

    return step


def milliseconds(step: Callable[[], Any]) -> dict[str, float]:
    def several() -> None:
        for _ in range(STEPS):
            value = step()
        value.numpy()

    several()
    return {"step": 1000 * seconds_of(several, ROUNDS) / STEPS}


def plain(network: str, mode: str) -> dict[str, float]:
    return milliseconds(step_of(network, None, mode == "xla"))


def penalised(probes: int, network: str, mode: str) -> dict[str, float]:
    from kerasae.penalties import SquaredJacobian

    return milliseconds(step_of(network, SquaredJacobian(WEIGHT, probes=probes), mode == "xla"))


def batch_jacobian(network: str, mode: str) -> dict[str, float]:
    import tensorflow as tf

    from kerasae.penalties import SquaredJacobian

    class BatchJacobian(SquaredJacobian):
        def measure(
            self, inputs: Any, layers: Any = None, encode: Any = None, latent_dim: int = 1, seed: Any = None
        ) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                codes = encode(inputs)
            jacobian = tape.batch_jacobian(codes, inputs)
            return tf.reduce_sum(tf.square(jacobian), axis=[*range(1, len(jacobian.shape))])

    return milliseconds(step_of(network, BatchJacobian(WEIGHT), mode == "xla"))


CONTENDERS = {
    "plain": plain,
    "exact": partial(penalised, 0),
    "probe": partial(penalised, 1),
    "batch_jacobian": batch_jacobian,
}


def measured(
    network: str, mode: str, contenders: tuple[str, ...], place: Place, seed: int
) -> dict[str, float]:
    module = "benchmarks.speed.contractive_penalty"
    found = turns(module, ["plain", *contenders], [network, mode])
    figures = {"plain": found.median("plain", "step")}
    for name in contenders:
        figures[name] = found.ratio(name, "plain", "step")
        figures[f"spread_{name}"] = found.spread(name, "plain", "step")
    return figures


def rows() -> tuple[Row, ...]:
    """Return a row for each network and mode; the library does not use XLA for convolutions on a CPU."""
    found = []
    for network, (shape, _, _) in NETWORKS.items():
        images = len(shape) > 1
        for mode in ("graph",) if images else ("xla", "graph"):
            # One backward pass for each number of the code is no choice for convolutions.
            contenders = ("exact", "probe") if mode == "xla" else ("exact", "probe", "batch_jacobian")
            contenders = ("probe",) if images else contenders
            goal = {"probe": 1.5}
            if network == "784-256-32 linear code":
                goal["exact"] = 1.6
            name = f"{network}, {'XLA' if mode == 'xla' else mode}"
            found.append(Row(name, partial(measured, network, mode, contenders), goal=goal))
    return tuple(found)


RESULT = Result(
    title="The contractive penalty",
    source="Measured here, side by side",
    protocol=(
        "A training step with the penalty as a ratio to the step without it: batches of 256 random rows, "
        "Adam, float32. A turn is the median of seven times twenty steps. A ratio is the median over five "
        "turns; its spread is the range of the five as a share of it."
    ),
    measures={
        "plain": Measure("plain step, ms"),
        "exact": Measure("exact"),
        "spread_exact": Measure("its spread, %", digits=0),
        "probe": Measure("one random probe"),
        "spread_probe": Measure("its spread, %", digits=0),
        "batch_jacobian": Measure("`batch_jacobian`"),
        "spread_batch_jacobian": Measure("its spread, %", digits=0),
    },
    rows=rows(),
)

if __name__ == "__main__":
    take_turn(CONTENDERS)
