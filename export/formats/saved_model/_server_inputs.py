"""Other inputs of a server: image files, and serialised `tf.train.Example`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.endpoints import Endpoint
from kerasae.export.parity import Case
from kerasae.export.views import View

from kerasae.image_decoding import decode_image
from kerasae.kinds import kind_of

#: Signatures that take raw examples.
_VERBS = ("reconstruct", "encode", "anomaly_score")
#: Name of the output with PNG files.
PNG = "png_bytes"
#: Name of the output that is 1 for each string that could be read, otherwise 0.
READABLE = "readable"
#: Channels that a PNG file can have.
_CHANNELS = (1, 3, 4)


def _is_photo(view: View) -> bool:
    spec = view.spec
    raw = {"uint8": 255, "uint16": 65535}.get(spec.dtype)
    return raw is not None and spec.high == raw and kind_of(spec).is_picture and spec.shape[-1] in _CHANNELS


def more_endpoints(view: View, endpoints: list[Endpoint]) -> list[Endpoint]:
    """Return the endpoints `..._examples`, and `..._png` if examples are images as files have them."""
    by_name = {endpoint.name: endpoint for endpoint in endpoints}
    return [
        maker(view, by_name[verb])
        for verb in _VERBS
        for maker, fits in ((_of_files, _is_photo(view)), (_of_examples, True))
        if fits
    ]


def _of_files(view: View, endpoint: Endpoint) -> Endpoint:
    """Return an endpoint that takes PNG or JPEG files, decoded as in training, and answers with PNG files."""

    def read(content: Any) -> Any:
        return {"x": decode_image(content, view.spec.shape, dtype=view.spec.dtype)}

    def answer(sent: dict[str, Any]) -> dict[str, Any]:
        answered = endpoint.function(sent)
        if "reconstruction" not in answered:
            return answered
        # REST encodes an output in base64 if its name ends with `_bytes`. Other strings must be UTF-8.
        return {PNG: _as_png(answered["reconstruction"], tf.as_dtype(view.spec.dtype))}

    return _row_by_row(f"{endpoint.name}_png", "png", read, answer)


def _of_examples(view: View, endpoint: Endpoint) -> Endpoint:
    """Return an endpoint that takes serialised `tf.train.Example`."""

    def read(content: Any) -> Any:
        sent = view.from_features(tf.io.parse_example(content[None], view.features()))
        return {name: value[0] for name, value in sent.items()}

    return _row_by_row(f"{endpoint.name}_examples", "examples", read, endpoint.function)


def _row_by_row(
    name: str,
    given: str,
    read: Callable[[Any], dict[str, Any]],
    answer: Callable[[dict[str, Any]], dict[str, Any]],
) -> Endpoint:
    """Return an endpoint that takes strings and reads each by itself.

    A server puts the requests of several clients into one batch. A string that cannot be read affects only
    its own row: `readable` is 0, numbers are NaN, texts and files are empty.

    Args:
        name: Name of the signature.
        given: Name of its input, strings of shape `(batch,)`.
        read: Function from a string to the inputs of a row. It may raise an error, for that row only.
        answer: Function from the inputs of all rows to the outputs.
    """

    def function(sent: dict[str, Any]) -> dict[str, Any]:
        entered, readable = _read_each(sent[given], read)
        answered = {key: _only(readable, value) for key, value in answer(entered).items()}
        return {**answered, READABLE: tf.cast(readable, tf.int32)}

    return Endpoint(name, {given: tf.TensorSpec((None,), tf.string, name=given)}, function)


def _read_each(strings: Any, read: Callable[[Any], dict[str, Any]]) -> tuple[dict[str, Any], Any]:
    """Return the inputs of each row, zeros if `read` fails, and which rows could be read, bool `(batch,)`.

    A graph cannot catch an error, but a dataset can drop the rows that raise one. Each row carries its place.
    """
    rows = tf.size(strings)
    rows_read = tf.data.Dataset.from_tensor_slices((tf.range(rows), strings))
    rows_read = rows_read.map(lambda row, one: (row, read(one))).ignore_errors()
    shapes = rows_read.element_spec[1]
    # A last row of zeros is appended, so that there is a row even if no string can be read.
    zeros = {key: tf.zeros(spec.shape, spec.dtype) for key, spec in shapes.items()}
    rows_read = rows_read.concatenate(tf.data.Dataset.from_tensors((rows, zeros)))
    places, values = rows_read.batch(tf.cast(rows, tf.int64) + 1).get_single_element()
    last = tf.size(places) - 1
    # Place of the row of each string among the rows that were read, from 1; 0 if it was not read.
    where = tf.scatter_nd(places[:, None], tf.range(1, last + 2), (rows + 1,))[:-1]
    readable = where > 0
    picked = tf.where(readable, where - 1, last)
    entered = {
        key: tf.ensure_shape(tf.gather(values[key], picked), (None, *spec.shape))
        for key, spec in shapes.items()
    }
    return entered, readable


def _as_png(images: Any, dtype: tf.DType) -> Any:
    """Return images in raw units as PNG files with the bits of `dtype` a channel."""
    pixels = tf.cast(tf.round(images), dtype)
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec((), tf.string))


def _only(readable: Any, values: Any) -> Any:
    """Return the values of the rows that could be read; NaN or an empty string for the others."""
    nothing = tf.constant("" if values.dtype == tf.string else float("nan"), values.dtype)
    return tf.where(tf.reshape(readable, (-1, *[1] * (values.shape.rank - 1))), values, nothing)


def more_cases(view: View, cases: dict[str, Case]) -> dict[str, Case]:
    """Return a case for each endpoint of `more_endpoints`, with the rows of the endpoint behind it."""
    added = {}
    for verb in _VERBS:
        case = cases[verb]
        if _is_photo(view):
            files = as_files(case.sent["x"])
            expected, units = case.expected, case.units
            if verb == "reconstruct":
                # Pixels are compared, because one at a rounding boundary changes a whole file.
                expected = {PNG: np.rint(case.expected["reconstruction"]).astype(view.spec.dtype)}
                units = {}
            expected = {**expected, READABLE: np.ones(len(files), "int32")}
            added[f"{verb}_png"] = Case({"png": files}, expected, units)
        examples = _as_examples(view, case.sent)
        expected = {**case.expected, READABLE: np.ones(len(examples), "int32")}
        added[f"{verb}_examples"] = Case({"examples": examples}, expected, case.units)
    return added


def as_files(images: np.ndarray) -> np.ndarray:
    """Return images of whole numbers `(rows, height, width, channels)` as PNG files `(rows,)`."""
    return _strings([tf.io.encode_png(image).numpy() for image in images])


def _as_examples(view: View, sent: dict[str, np.ndarray]) -> np.ndarray:
    """Return rows as serialised `tf.train.Example`, as a client makes them."""
    types = {key: feature.dtype for key, feature in (view.features() or {}).items()}
    rows = len(next(iter(sent.values())))
    return _strings(
        [
            tf.train.Example(
                features=tf.train.Features(
                    feature={
                        key: _feature(value[row], types[key])
                        for key, value in sent.items()
                        if not _is_missing(value[row])
                    }
                )
            ).SerializeToString()
            for row in range(rows)
        ]
    )


def _is_missing(value: Any) -> bool:
    """Return whether a cell is missing, and so is left out of an Example. NaN inside an array stays."""
    return np.ndim(value) == 0 and not isinstance(value, str | bytes) and bool(np.isnan(value))


def _feature(value: Any, dtype: tf.DType) -> tf.train.Feature:
    flat = np.ravel(value)
    if dtype == tf.string:
        texts = [one if isinstance(one, bytes) else str(one).encode() for one in flat]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=texts))
    if dtype == tf.int64:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=flat.astype("int64")))
    return tf.train.Feature(float_list=tf.train.FloatList(value=flat.astype("float32")))


def _strings(texts: list[bytes]) -> np.ndarray:
    strings = np.empty(len(texts), dtype=object)
    strings[:] = texts
    return strings
