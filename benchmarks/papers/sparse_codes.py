"""How well a linear classifier reads sparse codes of MNIST that were learned without labels.

Each autoencoder has one layer of 1,000 or 2,000 units and the transposed kernel in its decoder. On its frozen
code a logistic regression is fitted, whose penalty and scaling the validation labels choose. Sparsity, epochs
and learning rate were chosen on a tenth of the training images, on which `--validation` reports.
"""

from functools import partial
from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row


def probe(units: int, epochs: int, model: dict[str, Any], place: Place, seed: int) -> dict[str, float]:
    from kerasae.applications import Pretraining

    recipe = place.recipe(
        "sparse",
        epochs,
        latent_dim=units,
        network={"name": "dense", "depth": 0, "tied": True},
        model=model,
        # The validation labels choose the penalty of the classifier, and so those images do not train.
        train={"batch_size": 100, "seed": seed, "hold_out": True},
    )
    run = place.run(f"{units}-{'-'.join(map(str, model.values()))}-{seed}", recipe)
    data = place.reported(run.data)
    classifier = Pretraining(run.model, mode="frozen", seed=seed).fit(data)
    codes = run.model.transform(data.test.examples[:2000])
    return {
        "error": 100 * (1 - classifier.score(data.test.examples, data.test.labels)),
        "active": 100 * (abs(codes) > 0.01).mean(),
    }


def row(name: str, units: int, epochs: int, model: dict[str, Any], **settings: Any) -> Row:
    return Row(name, partial(probe, units, epochs, model), **settings)


RESULT = Result(
    title="Linear probes of sparse codes",
    source="Makhzani and Frey 2013, arXiv:1312.5663; Makhzani and Frey 2015, NIPS",
    protocol=(
        "MNIST, one layer with tied kernels trained on 54,000 images without labels, a linear classifier on "
        "the frozen code; 6,000 labels choose its penalty; errors of the 10,000 test images, in percent."
    ),
    measures={"error": Measure("error, %"), "active": Measure("units active, %", digits=1)},
    rows=(
        row(
            "k-sparse, 1,000 units, k = 25",
            1000,
            100,
            {"k": 25, "code_activation": "relu"},
            published={"error": 1.35},
            goal={"error": 1.35},
            seeds=3,
        ),
        row(
            "k-sparse, 2,000 units, k = 50",
            2000,
            100,
            {"k": 50, "code_activation": "relu"},
            goal={"error": 1.20},
            seeds=3,
        ),
        row(
            "FC-WTA, 2,000 units, 5 %",
            2000,
            100,
            {"lifetime": 0.05},
            published={"error": 1.20},
            goal={"error": 1.20},
            source="Makhzani and Frey 2015",
            seeds=3,
        ),
        row("L1, 1,000 units", 1000, 100, {"penalty": "l1", "weight": 0.1, "code_activation": "relu"}),
        row("KL, 1,000 units", 1000, 100, {"penalty": "kl", "rho": 0.03, "weight": 1.0}),
    ),
)
