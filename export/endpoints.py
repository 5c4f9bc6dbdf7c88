"""Endpoints: the signatures of an artifact, with the same names on a server and on a device."""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from kerasae.export.views import View

from kerasae.layers import NoiseLayer
from kerasae.models import Autoencoder, WithPosterior, WithPrior
from kerasae.penalties import Penalty
from kerasae.preprocessing import Preprocessor
from kerasae.scores import REASONS, Detector, picked


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Signature of an artifact.

    Args:
        name: Name of the signature.
        inputs: Shape and type of each input by its name. The batch is the first dimension.
        function: Function from a dict of inputs to a dict of outputs. It can run inside a graph.
    """

    name: str
    inputs: dict[str, tf.TensorSpec]
    function: Callable[[dict[str, Any]], dict[str, Any]]


class Verbs:
    """Functions of a model, each traced once as a graph that several endpoints call.

    If each endpoint traced the model anew, the artifact would contain the graph and the constants of the
    preprocessing several times.

    Args:
        model: Built autoencoder with a preprocessor.
        view: Form in which raw examples enter and leave the artifact.
    """

    def __init__(self, model: Autoencoder, view: View) -> None:
        x = tf.TensorSpec((view.batch, *view.spec.shape), view.preprocessor.x_dtype)
        z = tf.TensorSpec((view.batch, model.latent_dim), tf.float32)
        loss = model.reconstruction_loss

        def graph(function: Any, *signature: Any) -> Any:
            return tf.function(function, autograph=False, input_signature=signature)

        self.enter: Any = graph(view.enter, view.inputs())
        # On a device each call has exactly one row.
        networks = (model.describe, model.decoder)
        describe, decode = map(of_no_rows_too, networks) if view.batch is None else networks
        self.describe: Any = graph(describe, x)
        self.decode: Any = graph(decode, z)
        decoded = tf.TensorSpec.from_tensor(self.decode.get_concrete_function().structured_outputs)
        self.mean: Any = graph(loss.mean, decoded)
        self.score: Any = graph(loss.anomaly_score, x, decoded)
        # A detector hides entries of several copies of an example.
        copies = min(REASONS, len(view.spec.channels) or view.spec.size)
        several = tf.TensorSpec((None if view.batch is None else copies, *x.shape[1:]), x.dtype)
        self.rebuild: Any = graph(lambda x: loss.mean(decode(describe(x)["z"])), several)


def of_no_rows_too(network: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a network that also accepts no rows, on which TensorFlow's convolutions fail on a CPU."""

    def call(x: Any) -> Any:
        rows = tf.shape(x)[0]
        more = tf.cast(tf.equal(rows, 0), tf.int32)
        padded = tf.pad(x, [[0, more], *[[0, 0]] * (x.shape.rank - 1)])
        answered = network(tf.ensure_shape(padded, (None, *x.shape[1:])))
        return tf.nest.map_structure(lambda values: values[:rows], answered)

    return call


def endpoints(
    model: Autoencoder, view: View, *, seeded: bool, detector: Detector | None = None
) -> list[Endpoint]:
    """Return the signatures that every artifact answers. The first one is the default.

    `sample` and `sample_posterior` draw the code and answer with the mean of `p(x|z)` for it, without the
    noise of the likelihood. `VariationalAutoencoder.sample` draws from `p(x|z)` for vectors and tables.

    Args:
        model: Built autoencoder with a preprocessor.
        view: Form in which raw examples enter and leave the artifact.
        seeded: Whether a client sends a seed, two int32, for each row that is drawn. Otherwise it sends `eps`
            ~ N(0, I), because TFLite has no random operation that gives the same numbers everywhere.
        detector: Detector of the run, for the signatures `detect` and `detect_at`. Defaults to `None`: no
            such signatures.
    """
    verbs = Verbs(model, view)
    raw = view.inputs()
    z = {"z": tf.TensorSpec((view.batch, model.latent_dim), tf.float32, name="z")}
    if seeded:
        noise = {"seed": tf.TensorSpec((view.batch, 2), tf.int32, name="seed")}
    else:
        noise = {"eps": tf.TensorSpec((view.batch, model.latent_dim), tf.float32, name="eps")}

    def eps(sent: dict[str, Any]) -> Any:
        return draw(sent["seed"], model.latent_dim) if seeded else sent["eps"]

    def rebuilt(z: Any, name: str = "reconstruction") -> dict[str, Any]:
        return view.leave(verbs.mean(verbs.decode(z)), name)

    def code(sent: dict[str, Any]) -> Any:
        return verbs.describe(verbs.enter(sent))["z"]

    def scored(sent: dict[str, Any]) -> dict[str, Any]:
        x = verbs.enter(sent)
        return {"score": verbs.score(x, verbs.decode(verbs.describe(x)["z"]))}

    def detected(sent: dict[str, Any]) -> dict[str, Any]:
        assert detector is not None
        example = {name: sent[name] for name in raw}
        x = verbs.enter(example)
        z = verbs.describe(x)["z"]
        params, loss = verbs.decode(z), model.reconstruction_loss
        account = {"code": z, **loss.account(x, params)}
        score = detector(account)
        flags = detector.anomalous(score, sent.get("threshold"), sent.get("false_alarms"))
        return {
            "score": score,
            "p_value": detector.p_value(score),
            "anomalous": tf.cast(flags, tf.int32),
            **reasons_of(detector, view, account, score, example, x, verbs.rebuild),
            **detector.maps(account),
        }

    def of_posterior(sent: dict[str, Any]) -> dict[str, Any]:
        described = verbs.describe(verbs.enter({name: sent[name] for name in raw}))
        return rebuilt(model.draw_code(described, eps(sent)))

    answers = [
        Endpoint("reconstruct", raw, lambda sent: rebuilt(code(sent))),
        Endpoint("encode", raw, lambda sent: dict(verbs.describe(verbs.enter(sent)))),
        Endpoint("decode", z, lambda sent: rebuilt(sent["z"])),
        Endpoint("anomaly_score", raw, scored),
    ]
    if detector is not None:
        names = ("threshold", "false_alarms")
        settings = {name: tf.TensorSpec((view.batch,), tf.float32, name=name) for name in names}
        answers += [Endpoint("detect", raw, detected), Endpoint("detect_at", {**raw, **settings}, detected)]
    if isinstance(model, WithPrior):
        answers.append(Endpoint("sample", noise, lambda sent: rebuilt(eps(sent), "sample")))
    if isinstance(model, WithPosterior):
        answers.append(Endpoint("sample_posterior", {**raw, **noise}, of_posterior))
    return answers


def reasons_of(
    detector: Detector,
    view: View,
    account: dict[str, Any],
    score: Any,
    sent: dict[str, Any],
    x: Any,
    rebuild: Callable[[Any], Any],
) -> dict[str, Any]:
    """Return the reasons that `detect` answers, each `(batch, reasons)`, the strongest one first.

    `reason` is the number of a feature, and `share` its share of the score. `value` stands there, `expected`
    is the value that the model expects there, and `spread` its standard deviation, 0 for what is no number.
    These three are in the units in which examples are sent, as numbers: a category is its code, 0 is a value
    that no training row had, and NaN is a missing entry.

    Args:
        detector: Detector.
        view: Form in which raw examples enter the artifact.
        account: Account of the examples.
        score: Their scores.
        sent: The examples as they were sent.
        x: The examples as a network sees them.
        rebuild: Function from `x` to its reconstruction.
    """
    finite = tf.less(tf.abs(tf.cast(x, tf.float32)), math.inf)
    number, share = detector.reasons(account, score, tf.reshape(finite, (-1, view.spec.size)))
    answers = {"reason": number, "share": share, **view.names(number)}
    answers["value"] = picked(view.numbers(sent, x), number)
    expectation = detector.expectation
    if expectation is not None and expectation.rounds:
        filled = expectation.expected(x, number, rebuild)
        answers["expected"] = view.entries(picked(filled, number), number)
        scale = tf.gather(tf.constant(view.linear()[1], view.real), number)
        spread = tf.gather(tf.convert_to_tensor(expectation.spread), number)
        answers["spread"] = tf.cast(spread, view.real) * scale
    return answers


def draw(seeds: Any, latent_dim: int) -> Any:
    """Draw from N(0, I) with a seed for each row, `(batch, 2)` to `(batch, latent_dim)`.

    The draw of a row depends on its own seed only, and not on the other rows that a server puts into a batch.
    """
    return tf.map_fn(
        lambda seed: tf.random.stateless_normal((latent_dim,), seed, alg="philox"),
        seeds,
        fn_output_signature=tf.TensorSpec((latent_dim,), tf.float32),
    )


def write_saved_model(folder: Path, served: Sequence[Endpoint], lookups: Sequence[Any]) -> None:
    """Trace endpoints and write them as a SavedModel.

    The model is not tracked, because that stores each weight twice (Keras issue 23553). The variables that
    the endpoints read are found in their graphs. `keras.export.ExportArchive` traces each endpoint twice,
    as TensorFlow traces a `tf.function` again when it writes it. A concrete function is written as it is.

    Args:
        folder: Folder to write.
        served: Endpoints to write, the default one first.
        lookups: Layers with tables of strings.

    Raises:
        OSError: If the files cannot be written, for example on a full disk.
    """
    module = tf.Module()
    for layer in lookups:
        if not layer.built:
            layer.build((None,))
    module.tables = [table for layer in lookups for table in _tables_of(layer)]
    traced = {
        endpoint.name: tf.function(
            _shaped(endpoint), input_signature=[endpoint.inputs], autograph=False
        ).get_concrete_function()
        for endpoint in served
    }
    module.weights = list({id(v): v for one in traced.values() for v in one.variables}.values())
    signatures = {**traced, "serving_default": traced[served[0].name]}
    with written_by_tensorflow(folder):
        tf.saved_model.save(module, str(folder), signatures=signatures)


def _tables_of(layer: keras.layers.Layer) -> Iterator[Any]:
    """Yield the tables of strings of a layer and of the layers in it, which no graph names."""
    for part in vars(layer).values():
        if isinstance(part, tf.saved_model.experimental.TrackableResource):
            yield part
        elif isinstance(part, keras.layers.Layer):
            yield from _tables_of(part)


@contextlib.contextmanager
def written_by_tensorflow(path: Path) -> Iterator[None]:
    """Turn errors of TensorFlow's file operations into OSError.

    Args:
        path: Path that is written, for the error message.

    Raises:
        OSError: If something cannot be written.
    """
    try:
        yield
    except tf.errors.OpError as error:
        reason = error.message.strip().splitlines()[-1].rpartition("; ")[-1]
        raise OSError(f"Expected to write {path}, received: {reason}") from error


def _shaped(endpoint: Endpoint) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return the function of an endpoint with a check of the shapes of its inputs.

    A runtime accepts any shape from a client, and would silently broadcast a wrong one.
    """

    def function(sent: dict[str, Any]) -> dict[str, Any]:
        return endpoint.function(
            {name: tf.ensure_shape(sent[name], spec.shape) for name, spec in endpoint.inputs.items()}
        )

    return function


def served_elements(model: Autoencoder, detector: Detector | None = None) -> int:
    """Return the number of weights that an artifact must store: of encoder, decoder and detector.

    Penalties, noise and the states of random generators are needed for training only.
    """
    parts = [layer for layer in model.layers if not isinstance(layer, Penalty | NoiseLayer | Preprocessor)]
    if detector is not None:
        parts.append(detector)
    weights = {id(weight): weight for layer in parts for weight in layer.weights}
    return sum(math.prod(w.shape) for w in weights.values() if w.name != "seed_generator_state")
