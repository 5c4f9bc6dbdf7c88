"""A layer of 1,000 sigmoid units, pre-trained by each family and fine-tuned with labels, on MNIST.

The order of families of Rifai et al.: contractive, denoising, with weight decay, plain. Each autoencoder has
tied kernels and the cross-entropy as loss. 50,000 images train, 10,000 choose the weights of penalties, the
learning rate and the epoch, on which `--validation` reports.
"""

from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row

UNITS = 1000
EPOCHS = 100


def pretrained(family: str, model: dict[str, Any], network: dict[str, Any], place: Place, seed: int) -> Any:
    """Return the run of a pre-training."""
    recipe = place.recipe(
        family,
        EPOCHS,
        latent_dim=UNITS,
        data={**place.mnist(), "validation": 1 / 6},
        network={"name": "dense", "depth": 0, "tied": True, **network},
        model={"code_activation": "sigmoid", **model},
        loss={"name": "bernoulli"},
        train={"batch_size": 100, "seed": seed, "hold_out": True},
    )
    name = "weight-decay" if network else family
    return place.run(f"{name}-{seed}", recipe)


def fine_tuned(
    family: str, model: dict[str, Any], network: dict[str, Any], place: Place, seed: int
) -> dict[str, float]:
    from kerasae.applications import Pretraining

    run = pretrained(family, model, network, place, seed)
    data = place.reported(run.data)
    classifier = Pretraining(
        run.model, mode="fine-tuned", steps=50_000, batch_size=100, patience=60, learning_rate=3e-4, seed=seed
    ).fit(data)
    return {
        "error": 100 * (1 - classifier.score(data.test.examples, data.test.labels)),
        "jacobian": jacobian_norm(run.model, data.x("test")[:1000]),
    }


def contracted(weight: float, place: Place, seed: int) -> dict[str, float]:
    """Return the figures of the contractive family, with its Jacobian beside that of the plain one."""
    figures = fine_tuned("contractive", {"weight": weight}, {}, place, seed)
    plain = pretrained("undercomplete", {}, {}, place, seed)
    x = place.reported(plain.data).x("test")[:1000]
    return {**figures, "falls": jacobian_norm(plain.model, x) / figures["jacobian"]}


def jacobian_norm(model: Any, x: np.ndarray) -> float:
    """Return the mean over examples of the Frobenius norm of the Jacobian of the code.

    For one layer of sigmoid units, h = s(xW + b), its square is the sum of (h_j (1 - h_j) W_ij)^2 over i and
    j.
    """
    kernel, _ = model.to_code.get_weights()
    codes = np.asarray(model.encode(x), "float64")
    slopes = np.square(codes * (1 - codes))
    return float(np.sqrt(slopes @ np.square(kernel.astype("float64")).sum(axis=0)).mean())


RESULT = Result(
    title="Contractive pre-training",
    source="Rifai, Vincent, Muller, Glorot and Bengio 2011, ICML",
    protocol=(
        "MNIST, 50,000 / 10,000 / 10,000, one layer of 1,000 sigmoid units with tied kernels, pre-trained "
        "without labels and fine-tuned with all of them; errors of the 10,000 test images, in percent, and "
        "the mean norm of the Jacobian of the code after the pre-training."
    ),
    measures={
        "error": Measure("error, %"),
        "jacobian": Measure("Jacobian norm", digits=3),
        "falls": Measure("plain norm / norm", digits=0, less=False),
    },
    rows=(
        Row(
            "contractive",
            partial(contracted, 0.1),
            published={"error": 1.14, "falls": 24},
            goal={"error": 1.3},
            seeds=3,
        ),
        Row(
            "denoising, Gaussian noise",
            partial(fine_tuned, "denoising", {"corruption": {"name": "gaussian", "level": 0.3}}, {}),
            published={"error": 1.18},
            seeds=3,
        ),
        Row(
            "weight decay",
            partial(fine_tuned, "undercomplete", {}, {"l2": 1e-4}),
            published={"error": 1.68},
            seeds=3,
        ),
        Row("plain", partial(fine_tuned, "undercomplete", {}, {}), published={"error": 1.78}, seeds=3),
    ),
    notes=("The order of the families is a goal too: contractive, denoising, weight decay, plain.",),
)
