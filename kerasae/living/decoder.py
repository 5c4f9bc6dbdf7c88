"""living_decoder: the decoder of a model on a page, with sliders and a map of codes."""

import dataclasses
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf
from keras import ops

from kerasae.data import Data
from kerasae.kinds import kind_of, take
from kerasae.living._outputs import output_of
from kerasae.living.part import MOST_CHARACTERS, Part
from kerasae.living.program import GraphError, Program, base64_of
from kerasae.report import figures

#: Largest number of sliders, and of rows on the map.
_SLIDERS, _ROWS = 16, 1000
#: Largest number of rows to begin with, and of bytes of these.
_BEGINNINGS, _BYTES = 12, 30_000
#: Characters of a weight, at least.
_WEIGHT = 4


@dataclasses.dataclass(frozen=True)
class LivingDecoder(Part):
    """Sliders that move a code, and what it decodes to.

    Args:
        title: Heading.
        caption: Sentence below the heading.
        program: Decoder, from `code`, `(1, latent_dim)`, to `decoded`.
        data: What the script reads beside the program.
    """

    title: str
    caption: str
    program: Program
    data: dict[str, Any]

    kind: ClassVar[str] = "decoder"

    def payload(self) -> dict[str, Any]:
        return {"program": self.program.payload, **self.data}


def living_decoder(
    model: Any,
    data: Data,
    codes: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    places: np.ndarray | None = None,
    axis: str = "",
) -> LivingDecoder | None:
    """Return the decoder of a model as a part of a page.

    Args:
        model: Autoencoder.
        data: Data whose test split holds the rows to begin with.
        codes: Codes of the rows on the map, `(rows, latent_dim)`. A sample of 1,000 is shown.
        labels: Labels of these rows, or `None`.
        places: Places of these rows on the map, `(rows, 2)`. Defaults to `None`: their first two principal
            components, so that each place on the map is a code. With other places, a place has the code of
            the nearest row.
        axis: Name of the numbers on the axes of `places`.

    Returns:
        The part; `None` if the decoder is too large for a page or has an operation that its script lacks, if
        the code has more than 16 numbers, or if the examples are texts.
    """
    kind, (rows, size) = kind_of(data.spec), codes.shape
    if not kind.has_numbers or size > _SLIDERS or rows < 2:
        return None
    if _WEIGHT * model.decoder.count_params() > MOST_CHARACTERS:
        # To trace it would take time for nothing.
        return None
    decode = _decoder(model)
    try:
        program = Program.of(
            lambda sent: {"decoded": decode(sent["code"])}, {"code": tf.TensorSpec((1, size), tf.float32)}
        )
    except GraphError:
        return None
    if program.characters > MOST_CHARACTERS:
        return None
    shown = data.test.drawn(_BEGINNINGS)
    most = max(1, min(_BEGINNINGS, _BYTES // (4 * data.spec.size)))
    raw = take(shown.examples, slice(most))
    x = data.to_x(raw)
    # `transform` would trace a graph for this number of rows.
    begun = ops.convert_to_numpy(model.encode(x)).astype("float32")
    answers = ops.convert_to_numpy(decode(begun))
    chosen = np.random.default_rng(0).permutation(rows)[:_ROWS]
    originals = np.asarray(raw if kind.is_array else x, "float32")
    given = {
        "low": codes.min(axis=0).tolist(),
        "high": (codes.max(axis=0) + 1e-6).tolist(),
        "mean": codes.mean(axis=0, dtype="float64").tolist(),
        "codes": base64_of(begun, "<f4"),
        "answers": base64_of(answers, "<f4"),
        "originals": base64_of(originals, "<f4"),
        "names": [f"test row {number + 1}" for number in range(len(begun))],
        "output": output_of(model, data.spec, originals),
        "map": _map(codes, chosen, labels, places, axis),
    }
    decoded = "the code of that place" if places is None else "the code of the nearest row"
    on_map = "" if given["map"] is None else f", and a click on the map decodes {decoded}"
    coloured = (
        " Colours are labels, which no training saw." if given["map"] and given["map"]["classes"] else ""
    )
    return LivingDecoder(
        "The decoder at work",
        f"Sliders move the numbers of a code within the range of the test rows{on_map}.{coloured}",
        program,
        given,
    )


def _decoder(model: Any) -> Any:
    """Return the function from codes to raw numbers; to `x` for a table, whose categories are words."""
    preprocessor = model.preprocessor
    if preprocessor is None or model.spec.columns:
        return model.decode
    return lambda code: preprocessor.inverse(model.decode(code))


def _map(
    codes: np.ndarray, chosen: np.ndarray, labels: np.ndarray | None, places: np.ndarray | None, axis: str
) -> dict[str, Any] | None:
    """Return what the map of codes is drawn from; `None` for a code of a single number."""
    if codes.shape[1] < 2 and places is None:
        return None
    mean, directions, axis_of_plane = figures.plane(codes)
    known = np.array([]) if labels is None else np.unique(labels)
    hues = figures.class_colours(len(known)) if 1 < len(known) <= 20 else []
    found: dict[str, Any] = {
        "axis": axis if places is not None else axis_of_plane,
        "mean": mean.tolist(),
        "labels": np.searchsorted(known, labels[chosen]).tolist() if hues and labels is not None else None,
        "classes": [str(name) for name in known] if hues else None,
        "colours": hues,
    }
    if places is None:
        plane = (codes[chosen] - mean) @ directions.T
        return found | {"places": base64_of(plane, "<f4"), "directions": directions.tolist()}
    return found | {
        "places": base64_of(places[chosen], "<f4"),
        "codes": base64_of(codes[chosen], "<f4"),
    }
