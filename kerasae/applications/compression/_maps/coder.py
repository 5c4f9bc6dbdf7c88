"""Coder: the symbols of maps as bytes, channel by channel, by adaptive probabilities of contexts.

A symbol is a whole number. What is coded is its difference from a prediction by the neighbours before it. How
large it is likely to be follows from the neighbours in its channel and from the channels before at the same
place. The probabilities of each such context are learned while symbols are coded, by the writer and by the
reader alike. All of it is computed in whole numbers, so that every machine decodes what was encoded.

Reference: Weinberger, Seroussi and Sapiro 2000, IEEE TIP 9(8) (contexts of residuals); Taubman 2000, IEEE TIP
9(7) (contexts of coefficients).
"""

import dataclasses
from typing import Any

import constriction
import numpy as np

from kerasae.applications.compression._maps import contexts
from kerasae.applications.compression._maps.contexts import LARGEST
from kerasae.applications.compression._maps.places import Places

#: Number of neighbours from which a symbol is predicted, and the parts of one of their weights.
PREDICTORS, SIXTEENTHS = 4, 16
#: Share of the magnitudes that a prediction must save.
_WORTH = 0.95
_BITS = constriction.stream.model.Uniform(64)
_FAMILY = constriction.stream.model.Categorical(perfect=False)
#: Number of bits of an escaped symbol that are coded at a time.
_PART = 16


@dataclasses.dataclass(frozen=True)
class Channel:
    """What a file says of a channel.

    Args:
        level: Level of the mean magnitude; 0 if all symbols are 0.
        mix: Number of the weights of the context.
        weights: Weights of the prediction, in sixteenths.
    """

    level: int = 0
    mix: int = 0
    weights: tuple[int, ...] = (0,) * PREDICTORS


class Coder:
    """State that the writer and the reader share: probabilities, and the activity of the places.

    Args:
        places: Places of the maps.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._counts = contexts.prior()
        self._activity = contexts.Activity(places)

    def describe(self, symbols: np.ndarray) -> Channel:
        """Choose prediction and weights for the next channel, `(places,)`."""
        if not symbols.any():
            return Channel()
        padded = np.append(symbols, 0)
        weights = _prediction(symbols, padded[self._places.coded[:PREDICTORS]])
        rest = np.abs(symbols - _predicted(padded[self._places.coded[:PREDICTORS]], weights))
        if not rest.any():
            weights, rest = (0,) * PREDICTORS, np.abs(symbols)
        level = contexts.level_of(float(rest.mean()))
        near = contexts.near(np.append(rest, 0), self._places.coded)
        activity, mean = self._activity.around(), contexts.magnitude(level)
        costs = [
            _bits(rest, contexts.expected(mean, near, activity, mix)) for mix in range(len(contexts.MIXES))
        ]
        return Channel(level, int(np.argmin(costs)), weights)

    def encode(self, encoder: Any, symbols: np.ndarray, channel: Channel) -> np.ndarray:
        """Encode the symbols of the next channel, `(places,)`, and return the bits of each."""
        return self._coded(channel, symbols, encoder=encoder)[1]

    def decode(self, decoder: Any, channel: Channel) -> np.ndarray:
        """Decode the symbols of the next channel, `(places,)`."""
        return self._coded(channel, np.zeros(len(self._places), "int64"), decoder=decoder)[0]

    def _coded(
        self, channel: Channel, symbols: np.ndarray, encoder: Any = None, decoder: Any = None
    ) -> tuple[np.ndarray, np.ndarray]:
        bits = np.zeros(len(symbols))
        if not channel.level:
            return symbols, bits
        mean = contexts.magnitude(channel.level)
        activity = self._activity.around()
        coded = self._places.coded
        values, sizes = np.append(symbols, 0), np.zeros(len(symbols) + 1, "int64")
        for wave in self._places.waves:
            middle = _predicted(values[coded[:PREDICTORS, wave]], channel.weights)
            near = contexts.near(sizes, coded[:, wave])
            context = contexts.context(contexts.expected(mean, near, activity[wave], channel.mix))
            shifts = contexts.shift(context)
            probabilities = self._counts[context]
            if encoder is not None:
                rest = values[wave] - middle
                high = rest >> shifts
                part = np.where(np.abs(high) <= LARGEST, high + LARGEST, 2 * LARGEST + 1)
                encoder.encode(part.astype("int32"), _FAMILY, probabilities)
                _encode_escapes(encoder, high[part == 2 * LARGEST + 1])
                _encode_low(encoder, rest, shifts)
                bits[wave] = shifts - np.log2(
                    probabilities[np.arange(len(part)), part] / probabilities.sum(axis=1)
                )
            else:
                part = decoder.decode(_FAMILY, probabilities).astype("int64")
                high = part - LARGEST
                escaped = part == 2 * LARGEST + 1
                high[escaped] = _decode_escapes(decoder, int(escaped.sum()))
                rest = (high << shifts) + _decode_low(decoder, shifts)
                values[wave] = rest + middle
            sizes[wave] = np.abs(rest)
            np.add.at(self._counts, (context, part), contexts.SEEN)
        self._activity.add(sizes[:-1], mean)
        return values[:-1], bits


def _predicted(neighbours: np.ndarray, weights: tuple[int, ...]) -> np.ndarray:
    """Return the prediction of symbols from the neighbours before them, `(PREDICTORS, places)`."""
    if not any(weights):
        return np.zeros(neighbours.shape[1], "int64")
    return (np.array(weights) @ neighbours + SIXTEENTHS // 2) // SIXTEENTHS


def _prediction(symbols: np.ndarray, neighbours: np.ndarray) -> tuple[int, ...]:
    """Return the weights of the prediction with the least squares; zeros if it saves little."""
    found = np.linalg.lstsq(neighbours.T.astype("float64"), symbols.astype("float64"), rcond=None)[0]
    weights = tuple(int(weight) for weight in np.clip(np.rint(SIXTEENTHS * found), -32, 32))
    rest = np.abs(symbols - _predicted(neighbours, weights)).sum()
    return weights if rest < _WORTH * np.abs(symbols).sum() else (0,) * PREDICTORS


def _bits(sizes: np.ndarray, magnitudes: np.ndarray) -> float:
    """Return the bits of magnitudes under Laplace distributions of expected ones."""
    mean = np.maximum(magnitudes, 2) / contexts.ONE
    decay = (np.sqrt(1 + mean**2) - 1) / mean
    return float(np.sum(-np.log2((1 - decay) / (1 + decay)) - sizes * np.log2(decay)))


def _encode_escapes(encoder: Any, values: np.ndarray) -> None:
    for value in values.tolist():
        word = 2 * value if value >= 0 else -2 * value - 1
        encoder.encode(word.bit_length(), _BITS)
        for start in range(0, word.bit_length(), _PART):
            width = min(_PART, word.bit_length() - start)
            encoder.encode(word >> start & ((1 << width) - 1), _uniform(width))


def _decode_escapes(decoder: Any, count: int) -> list[int]:
    values = []
    for _ in range(count):
        length, word = int(decoder.decode(_BITS)), 0
        for start in range(0, length, _PART):
            word |= int(decoder.decode(_uniform(min(_PART, length - start)))) << start
        value = -(word + 1) // 2 if word & 1 else word // 2
        if abs(value) >= 2**40:
            raise ValueError(f"a symbol of {value}")
        values.append(value)
    return values


def _uniform(bits: int) -> Any:
    return constriction.stream.model.Uniform(1 << bits)


def _encode_low(encoder: Any, rest: np.ndarray, shifts: np.ndarray) -> None:
    for width in np.unique(shifts[shifts > 0]).tolist():
        low = (rest[shifts == width] & ((1 << width) - 1)).astype("int32")
        encoder.encode(low, _uniform(width))


def _decode_low(decoder: Any, shifts: np.ndarray) -> np.ndarray:
    low = np.zeros(len(shifts), "int64")
    for width in np.unique(shifts[shifts > 0]).tolist():
        here = shifts == width
        low[here] = decoder.decode(_uniform(width), int(here.sum()))
    return low
