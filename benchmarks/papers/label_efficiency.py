"""What pre-training without labels is worth on MNIST: accuracy with 100, 1,000 and 10,000 labels.

A denoising autoencoder is trained on the 60,000 training images, of which no label is looked at. Its encoder
with a head of ten classes is then trained with few labels, beside the same network from new weights: the
same draws of labels, optimiser, batches, steps and choice of the step, no augmentation on either side. Each
way gets, at each number of labels, the learning rate of the same list that does best on the first draw. The
labels of a tenth of the training images decide, on which `--validation` reports. Frozen codes and PCA of the
same size have a logistic regression, whose penalty and scaling are chosen likewise.
"""

import dataclasses
import json
from functools import partial
from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row

COUNTS = (100, 1_000, 10_000)
RATES = (3e-4, 1e-3, 3e-3)
EPOCHS, STEPS = 25, 4_000


def accuracies(way: str, pca: bool, place: Place, seed: int) -> dict[str, float]:
    """Return the accuracy in percent at each number of labels.

    Args:
        way: Way of training, as `FewLabels.learn` names it.
        pca: Whether codes are those of PCA.
        place: Folders.
        seed: Seed of the draw of labels and of the training with them.
    """
    from kerasae import PCA
    from kerasae.applications.pretraining._classifier import Schedule
    from kerasae.applications.pretraining._labels import FewLabels

    # One pre-training serves all draws.
    run = place.run("denoising", recipe_of(place))
    # The data of the run have no validation split, because it trained on that too.
    data = run.recipe.load().with_preprocessor(run.model.preprocessor)
    codec = PCA(run.model.latent_dim).fit(data) if pca else run.model
    schedule = Schedule(steps=STEPS)
    rows = FewLabels(codec, data, schedule, most=60_000, seed=0)
    split = "validation" if place.validation else "test"
    figures = {}
    for count in COUNTS:
        chosen = None
        if way != "frozen":
            rate = learning_rate(rows, way, count, schedule, data, place)
            chosen = dataclasses.replace(schedule, learning_rate=rate)
        learnt = rows.learn(way, count, seed, chosen)
        figures[str(count)] = 100 * rows.accuracy(learnt, data, split)
    return figures


def recipe_of(place: Place) -> Any:
    from kerasae import Recipe

    data = place.mnist()
    return Recipe.of(
        "denoising",
        source=data.pop("path"),
        latent_dim=256,
        data=data,
        network={"name": "dense", "widths": [512, 512]},
        model={"corruption": {"name": "masking", "level": 0.5}, "code_activation": "relu"},
        # All 60,000 images: there is no label to hold out, and no epoch to choose.
        train={
            "epochs": EPOCHS,
            "batch_size": 256,
            "hold_out": False,
            "reduce_at": [EPOCHS * 6 // 10, EPOCHS * 17 // 20],
        },
    )


def learning_rate(rows: Any, way: str, count: int, schedule: Any, data: Any, place: Place) -> float:
    """Return the learning rate with which the first draw of labels does best on the validation labels."""
    path = place.runs / f"rate-{way}-{count}.json"
    if not path.is_file():
        found = {}
        for rate in RATES:
            learnt = rows.learn(way, count, 0, dataclasses.replace(schedule, learning_rate=rate))
            found[rate] = rows.accuracy(learnt, data, "validation")
        path.write_text(json.dumps(found))
    found = {float(rate): accuracy for rate, accuracy in json.loads(path.read_text()).items()}
    return max(found, key=lambda rate: found[rate])


RESULT = Result(
    title="Few labels",
    source="Protocol of our own; measured here, side by side",
    protocol=(
        "MNIST, 784-512-512-256, a denoising autoencoder (half of the pixels masked) trained on the 60,000 "
        "images without labels; accuracy on the 10,000 test images by the number of labels to learn from, in "
        "percent. On every line 6,000 further labels, those of a tenth of the training images, choose the "
        "learning rate, the penalty and the step. A seed is a draw of labels."
    ),
    measures={str(count): Measure(f"{count:,} labels", less=False) for count in COUNTS},
    rows=(
        Row("PCA-256 and logistic regression", partial(accuracies, "frozen", True), seeds=3),
        Row("pre-trained, frozen, logistic regression", partial(accuracies, "frozen", False), seeds=3),
        Row("the same network from scratch", partial(accuracies, "scratch", False), seeds=3),
        Row("pre-trained, all weights fine-tuned", partial(accuracies, "fine-tuned", False), seeds=3),
        Row("pre-trained, in stages: head, then all", partial(accuracies, "staged", False), seeds=3),
    ),
)
