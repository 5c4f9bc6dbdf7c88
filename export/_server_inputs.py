"""What a server takes beside arrays: image files, and serialized `tf.train.Example`."""

from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export._endpoints import Endpoint
from kerasae.export._parity import Case
from kerasae.export._view import View

#: Signatures that take raw examples.
_VERBS = ("reconstruct", "encode", "anomaly_score")
#: Output that holds PNG files.
PNG = "png_bytes"
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
    """An endpoint from PNG or JPEG files, resized over areas as in training; images answer as PNG."""
    shape = view.spec.shape

    def decode(content: Any) -> Any:
        image = tf.io.decode_image(content, channels=shape[-1], expand_animations=False)
        image.set_shape((None, None, shape[-1]))
        fits = tf.reduce_all(tf.equal(tf.shape(image)[:2], shape[:2]))
        image = tf.cond(fits, lambda: image, lambda: _resized(image, shape))
        return tf.ensure_shape(image, shape)

    def encode(image: Any) -> Any:
        return tf.io.encode_png(tf.cast(tf.round(image), tf.uint8))

    def function(sent: dict[str, Any]) -> dict[str, Any]:
        images = tf.map_fn(decode, sent["png"], fn_output_signature=tf.TensorSpec(shape, tf.uint8))
        answered = endpoint.function({"x": images})
        if "reconstruction" not in answered:
            return answered
        # REST answers with base64 where a name ends so; other strings must be UTF-8.
        return {
            PNG: tf.map_fn(
                encode, answered["reconstruction"], fn_output_signature=tf.TensorSpec((), tf.string)
            )
        }

    inputs = {"png": tf.TensorSpec((None,), tf.string, name="png")}
    return Endpoint(f"{endpoint.name}_png", inputs, function)


def _resized(image: Any, shape: tuple[int, ...]) -> Any:
    small = tf.image.resize(image, shape[:2], method="area")
    return tf.cast(tf.clip_by_value(tf.round(small), 0, 255), tf.uint8)


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
