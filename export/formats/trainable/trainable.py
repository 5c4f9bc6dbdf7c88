"""trainable: a TFLite file that goes on learning on the device."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from kerasae.export.artifact import Artifact, median_seconds, with_units, write_whole
from kerasae.export.formats._convert import builtin_operations, convert
from kerasae.export.formats.trainable._learning import learning_endpoints, trained
from kerasae.export.parity import Case, make_cases, measure, refuse, tolerances
from kerasae.export.subject import Subject
from kerasae.export.verify_edge import TrainableModel
from kerasae.export.views import View, edge_view

from kerasae.backend import quiet
from kerasae.models import Autoencoder

#: Not written unless asked for.
ON_REQUEST = True
#: Steps in which a training on the device is held against one in Keras.
_STEPS = 10


def places(name: str, version: int, precisions: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Where a bundle keeps what this format writes, and the arguments that make it."""
    return [(f"edge/{name}_trainable.tflite", {})]


def open_artifact(path: Path) -> TrainableModel:
    """What was written, ready to run."""
    return _opened(path.read_bytes())


def _opened(content: bytes) -> TrainableModel:
    with quiet():
        return TrainableModel(content)


def trainable(
    source: Any,
    path: str | Path,
    *,
    batch_size: int = 16,
    tolerance: dict[str, float] | None = None,
    **subject: Any,
) -> Artifact:
    """Writes a `.tflite` file that learns on the device, and proves that it learns as Keras does.

    Four signatures over the same weights, of builtin operations alone. `train` takes a batch of raw
    `x` and a `learning_rate`, makes a step of Adam and answers with the `loss` before it; `infer`
    takes one raw `x` and answers with `z`, `reconstruction` and `score`; `get_weights` answers with
    the weights that `train` moves, float32; `set_weights` takes them, answers with what they are
    then, and lets Adam begin anew, as each new interpreter does. What was learned is lost with the
    interpreter unless it is kept so.

    The loss is the model's reconstruction loss, a mean over the batch: without noise, and without
    the penalties of its family, so a training on the device is one that adapts a model, and not one
    to begin with. Constraints on kernels hold.

    For networks of dense layers, over images and vectors: TFLite has no operation for the gradient
    of a convolution, nor of the heads of a table.

    Args:
        source: a run, its folder, a built model, or a `Subject`.
        path: of the file; one that exists is replaced.
        batch_size: examples of a step; the file takes no other number.
        tolerance: what may differ by how much, in place of the defaults of float32.
        **subject: `data`, `examples`, `calibration` and `name`, as for `Subject.of`.

    Returns:
        What was written, with its parity.

    Raises:
        ValueError: for an operation whose gradient devices lack.
        ParityError: if the file does not agree with the model; nothing is written.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"`batch_size` must be a positive integer, received {batch_size!r}.")
    bounds = tolerances("float32", tolerance)
    what = source if isinstance(source, Subject) else Subject.of(source, **subject)
    check(what)
    view = edge_view(what.preprocessor)
    golden = f"trainable-{batch_size}"
    cases = what.cached(golden, lambda: _cases(what, view, batch_size))

    def variables(converter: Any) -> None:
        # Otherwise they are constants, and a step changes nothing.
        converter.experimental_enable_resource_variables = True

    with _restored(what.model):
        content = convert(learning_endpoints(what.model, view, batch_size), variables)
    learner = _opened(content)
    operations = builtin_operations(content)
    signatures = with_units(learner.signatures(), cases)
    with quiet():
        # Each interpreter says which delegate it takes.
        parity = measure(what, cases, learner.run, bounds, score="infer", reconstruct="infer")
    path = Path(path)
    refuse(parity, f"The file {path.name}")
    one, step = ({key: value[0] for key, value in cases[name].sent.items()} for name in ("infer", "train"))
    facts = {
        "bytes": len(content),
        "operations": operations,
        "latency_ms": 1e3 * median_seconds(lambda: learner.call("infer", **one)),
        "step_ms": 1e3 * median_seconds(lambda: learner.call("train", **step)),
        "batch_size": batch_size,
        **view.describe(),
    }
    write_whole(path, content)
    return Artifact("trainable", path, "float32", signatures, parity, bounds, facts, golden)


def check(subject: Subject) -> None:
    """Refuses what cannot be written, before any work is done for it.

    Raises:
        ValueError: for a table or texts, or a network that convolves.
    """
    kind = subject.preprocessor.spec.kind
    if kind in ("table", "text"):
        raise ValueError(
            f"Expected a model of images or vectors to learn on a device, received one of kind '{kind}': "
            "TFLite has no gradient of its heads. Numbers without gaps can be trained from a .npy file."
        )
    layers = [*subject.model.encoder.layers, *subject.model.decoder.layers]
    convolving = sorted({type(layer).__name__ for layer in layers if "Conv" in type(layer).__name__})
    if convolving:
        raise ValueError(
            f"Expected a network of dense layers to learn on a device, received {', '.join(convolving)}: "
            "TFLite has no gradient of a convolution."
        )


def _cases(subject: Subject, view: View, batch_size: int) -> dict[str, Case]:
    """What the signatures must answer, call by call, the training as Keras does it."""
    found = make_cases(subject, view, seeded=False, unreadable=False)
    weights = {name: np.asarray(w)[None] for name, w in trained(subject.model).items()}
    zeros = {name: np.zeros_like(weight) for name, weight in weights.items()}
    inferred = [found[name] for name in ("encode", "reconstruct", "anomaly_score")]
    expected = {name: value for case in inferred for name, value in case.expected.items()}
    calls = {name: value[:, None] for name, value in inferred[0].sent.items()}
    picked = np.resize(np.arange(len(subject.calibration)), (_STEPS, batch_size))
    raw = view.feed(subject.calibration)
    sent = {name: value[picked] for name, value in raw.items()}
    rates = np.full(_STEPS, 1e-3, "float32")
    x = subject.preprocessor.to_x(subject.calibration)[picked]
    losses = _losses_of_keras(subject.model, x, rates)
    return {
        "infer": Case(
            calls,
            {name: expected[name][:, None] for name in ("z", "reconstruction", "score")},
            {name: unit for case in inferred for name, unit in case.units.items()},
        ),
        "train": Case(
            {**sent, "learning_rate": rates}, {"loss": losses}, {"loss": float(np.abs(losses).max()) or 1.0}
        ),
        "get_weights": Case({}, weights, {}),
        "set_weights": Case(zeros, zeros, {}),
    }


def _losses_of_keras(model: Autoencoder, batches: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """The losses of a training by Keras's own optimizer and TensorFlow's own gradients."""
    variables = list(trained(model).values())
    optimizer = keras.optimizers.Adam(float(rates[0]))
    losses = []
    with _restored(model):
        for x in batches:
            with tf.GradientTape() as tape:
                params = model.decoder(model.describe(tf.constant(x))["z"])
                loss = tf.reduce_mean(model.reconstruction_loss.per_example(tf.constant(x), params))
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            losses.append(float(loss))
    return np.array(losses, "float32")


@contextmanager
def _restored(model: Autoencoder) -> Iterator[None]:
    """Leaves a model with the weights that it had."""
    weights = model.get_weights()
    try:
        yield
    finally:
        model.set_weights(weights)
