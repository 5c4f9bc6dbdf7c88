"""What a server takes beside arrays: image files, and serialized `tf.train.Example`."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export._endpoints import Endpoint
from kerasae.export._parity import Case
from kerasae.export._view import View

from kerasae.image_decoding import decode_image

#: Signatures that take raw examples.
_VERBS = ("reconstruct", "encode", "anomaly_score")
#: Output that holds PNG files.
PNG = "png_bytes"
#: Output that says which of the files could be read, 1 or 0.
READABLE = "readable"
#: Channels that a PNG file can have.
_CHANNELS = (1, 3, 4)


def _is_photo(view: View) -> bool:
    spec = view.spec
    return spec.kind == "image" and spec.dtype == "uint8" and spec.high == 255 and spec.shape[-1] in _CHANNELS


def more_endpoints(view: View, found: list[Endpoint]) -> list[Endpoint]:
    """The endpoints `..._png`, where examples are 8-bit images, and `..._examples`."""
    by_name = {endpoint.name: endpoint for endpoint in found}
    return [
        maker(view, by_name[verb])
        for verb in _VERBS
        for maker, fits in ((_of_files, _is_photo(view)), (_of_examples, True))
        if fits
    ]


def _of_files(view: View, endpoint: Endpoint) -> Endpoint:
    """An endpoint from PNG or JPEG files, decoded as in training; images answer as PNG.

    A server puts the requests of several clients into one batch. A file that cannot be read, or that training
    would have refused, spoils its own row alone: `readable` is 0 there, numbers are NaN, a PNG is empty.
    """

    def function(sent: dict[str, Any]) -> dict[str, Any]:
        images, readable = _read(sent["png"], view.spec.shape)
        answered = endpoint.function({"x": images})
        if "reconstruction" in answered:
            # REST answers with base64 where a name ends so; other strings must be UTF-8.
            answered = {PNG: _as_png(answered["reconstruction"])}
        answered = {name: _only(readable, value) for name, value in answered.items()}
        return {**answered, READABLE: tf.cast(readable, tf.int32)}

    inputs = {"png": tf.TensorSpec((None,), tf.string, name="png")}
    return Endpoint(f"{endpoint.name}_png", inputs, function)


def _read(files: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Files `(batch,)` as images `(batch, height, width, channels)`, and which of them could be read.

    A graph cannot catch an error; a dataset can drop the rows that raise one. Each row carries its place.
    """
    rows = tf.size(files)
    found = tf.data.Dataset.from_tensor_slices((tf.range(rows), files))
    found = found.map(lambda row, content: (row, decode_image(content, shape))).ignore_errors()
    # Behind the last row stands another, so that there is one even if no file can be read.
    behind = tf.data.Dataset.from_tensors((rows, tf.zeros(shape, tf.uint8)))
    places, images = found.concatenate(behind).batch(tf.cast(rows, tf.int64) + 1).get_single_element()
    places = places[:, None]
    images = tf.scatter_nd(places, images, (rows + 1, *shape))[:-1]
    readable = tf.scatter_nd(places, tf.ones_like(places[:, 0]), (rows + 1,))[:-1]
    return tf.ensure_shape(images, (None, *shape)), tf.equal(readable, 1)


def _as_png(images: Any) -> Any:
    """Images in raw units as PNG files."""
    pixels = tf.cast(tf.round(images), tf.uint8)
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec((), tf.string))


def _only(readable: Any, values: Any) -> Any:
    """Values of the rows that could be read; elsewhere NaN, or the empty string."""
    nothing = tf.constant("" if values.dtype == tf.string else float("nan"), values.dtype)
    return tf.where(tf.reshape(readable, (-1, *[1] * (values.shape.rank - 1))), values, nothing)


def _of_examples(view: View, endpoint: Endpoint) -> Endpoint:
    def function(sent: dict[str, Any]) -> dict[str, Any]:
        parsed = tf.io.parse_example(sent["examples"], view.features())
        return endpoint.function(view.from_features(parsed))

    inputs = {"examples": tf.TensorSpec((None,), tf.string, name="examples")}
    return Endpoint(f"{endpoint.name}_examples", inputs, function)


def more_cases(view: View, cases: dict[str, Case]) -> dict[str, Case]:
    """A case for each endpoint of `more_endpoints`, with the rows of the endpoint that it calls."""
    found = {}
    for verb in _VERBS:
        case = cases[verb]
        if _is_photo(view):
            files = as_files(case.sent["x"])
            expected, units = case.expected, case.units
            if verb == "reconstruct":
                # Held against the pixels: one at a rounding boundary changes a whole file.
                expected = {PNG: np.rint(case.expected["reconstruction"]).astype("uint8")}
                units = {}
            expected = {**expected, READABLE: np.ones(len(files), "int32")}
            found[f"{verb}_png"] = Case({"png": files}, expected, units)
        examples = _as_examples(view, case.sent)
        found[f"{verb}_examples"] = Case({"examples": examples}, case.expected, case.units)
    return found


def as_files(images: np.ndarray) -> np.ndarray:
    """8-bit images `(rows, height, width, channels)` as PNG files `(rows,)`."""
    return _strings([tf.io.encode_png(image).numpy() for image in images])


def _as_examples(view: View, sent: dict[str, np.ndarray]) -> np.ndarray:
    """Rows as a client serializes them."""
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
    """A missing cell is left out of an Example; NaN inside an array stays."""
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
    found = np.empty(len(texts), dtype=object)
    found[:] = texts
    return found
