"""A `.kae` file of maps: version 3 of the format, in layers from the most important channels on.

    bytes      what
    4          `KAE` and 0x1A
    1          version, 3
    8          the first bytes of the fingerprint of the model
    varints    images, numbers per place, pixels on a side of the square of a place, axes of an image and
               their lengths in the training
    block      height and width of each image, varints; empty if all are as in the training
    block      names of the images, a line for each; empty if they have none
    block      step of each channel, a byte: eighths of an octave; its offset in quarters of a step, varints;
               shares of a step by which symbols of 1 and larger ones lie nearer to 0, two bytes
    varint     channels that hold more than zeros
    block      of these their numbers in the order of coding, varints; level of each; number of its weights of
               the context; its weights of the prediction
    varint     layers
    4          CRC-32 of all before
    layers     each: number of channels and of bytes, varints; 32-bit words of a range coder; and the low 16
               bits of the CRC-32 of the layer
    4          CRC-32 of all before

Channels are coded from the one with the largest symbols on. A file that was cut holds whole layers, from
which images come back with less detail.
"""

import dataclasses
import struct
import zlib
from collections.abc import Sequence

import constriction
import numpy as np

from kerasae.applications.compression._bitstream import MAGIC, OF_MAPS
from kerasae.applications.compression._bytes import as_block, as_varint
from kerasae.applications.compression._maps.coder import Channel, Coder
from kerasae.applications.compression._maps.places import Places

#: Version of files of maps.
VERSION = OF_MAPS
#: Largest number of numbers and of places in a file.
MOST_NUMBERS, MOST_PLACES = 2**27, 2**22
#: Largest number of images and channels in a file, and of bytes of the name of an image on average.
MOST_IMAGES, MOST_CHANNELS, MOST_NAME = 2**20, 2**16, 2**10
#: Number of layers of about equal length, and the fewest bytes of one.
_LAYERS, _LEAST = 12, 64
#: 2^(i/8) in units of 2^-24, as whole numbers.
_EIGHTHS = (16777216, 18295683, 19951585, 21757357, 23726566, 25874004, 28215802, 30769550)
#: Level of a step of 1, parts of a step in an offset, and parts of a step in a shift towards 0.
_ONE, _QUARTERS, _PARTS = 128, 4, 128


@dataclasses.dataclass(frozen=True)
class Maps:
    """Content of a file.

    Args:
        symbols: Whole numbers of each image, `(rows, columns, numbers)`.
        sizes: Height and width of each image in pixels.
        side: Pixels on a side of the square of a place.
        shape: Shape of an image of the training.
        mark: First bytes of the fingerprint of the model.
        steps: Level of the step of each channel: eighths of an octave, 128 for a step of 1.
        offsets: Offset of each channel, in quarters of its step.
        shifts: Shares of a step, in 128ths, by which symbols of 1 and larger ones lie nearer to 0.
        names: Names of the images; empty if they have none.
        whole: Share of the channels that the file holds, 1 unless it was cut.
    """

    symbols: list[np.ndarray]
    sizes: tuple[tuple[int, int], ...]
    side: int
    shape: tuple[int, ...]
    mark: bytes
    steps: np.ndarray
    offsets: np.ndarray
    shifts: tuple[int, int] = (0, 0)
    names: tuple[str, ...] = ()
    whole: float = 1.0

    @property
    def codes(self) -> list[np.ndarray]:
        """Code of each image, float32, `(rows, columns, numbers)`."""
        return [dequantised(each, self.steps, self.offsets, self.shifts) for each in self.symbols]


def step_of(levels: np.ndarray) -> np.ndarray:
    """Return the steps of levels, float64."""
    parts = np.asarray(levels, "int64") - _ONE
    return np.array(_EIGHTHS)[parts % 8] * 2.0 ** (parts // 8 - 24)


def level_of(steps: np.ndarray) -> np.ndarray:
    """Return the levels nearest to steps, int64."""
    return np.clip(np.rint(8 * np.log2(steps)) + _ONE, 0, 255).astype("int64")


def dequantised(
    symbols: np.ndarray, steps: np.ndarray, offsets: np.ndarray, shifts: tuple[int, int] = (0, 0)
) -> np.ndarray:
    """Return the codes of symbols, `(..., numbers)`, float32."""
    sizes = np.abs(symbols)
    nearer = np.where(sizes == 1, shifts[0], shifts[1]) / _PARTS
    values = np.sign(symbols) * (sizes - nearer) + offsets / _QUARTERS
    return (values * step_of(steps)).astype("float32")


def check_room(sizes: Sequence[tuple[int, int]], side: int, numbers: int, names: Sequence[str]) -> None:
    """Check that one file can hold some images, before they are encoded.

    Args:
        sizes: Height and width of each image in pixels.
        side: Pixels on a side of the square of a place.
        numbers: Numbers of a place.
        names: Names of the images; none, or one for each.

    Raises:
        ValueError: If there are too many images, places or numbers, or other names than images.
    """
    places = sum(-(-height // side) * -(-width // side) for height, width in sizes)
    most = min(MOST_PLACES, MOST_NUMBERS // numbers)
    if not 0 < len(sizes) <= MOST_IMAGES or places > most:
        raise ValueError(
            f"Expected 1 to {MOST_IMAGES:,} images with at most {most * side * side / 1e6:,.1f} megapixels "
            f"in all for one file, received {len(sizes):,} with {places * side * side / 1e6:,.1f}; compress "
            "them in several parts."
        )
    if len(names) not in (0, len(sizes)):
        raise ValueError(f"Expected a name for each of {len(sizes):,} images, received {len(names):,}.")
    if len(_text(names)) > MOST_NAME * len(sizes):
        raise ValueError(f"Expected names of at most {MOST_NAME:,} bytes each, received longer ones.")


def _text(names: Sequence[str]) -> bytes:
    # A name of a file need not be UTF-8.
    return "\n".join(name.replace("\n", " ") for name in names).encode(errors="surrogateescape")


def write(maps: Maps) -> bytes:
    """Return the bytes of a file."""
    return written(maps)[0]


def written(maps: Maps) -> tuple[bytes, np.ndarray]:
    """Return the bytes of a file, and the bits that the symbols of each image take in it."""
    places = Places.of([each.shape[:2] for each in maps.symbols])
    symbols = places.joined(maps.symbols)
    coder, spent = Coder(places), np.zeros(len(places))
    sums = np.abs(symbols).sum(axis=1)
    channels = [Channel()] * len(symbols)
    layers: list[tuple[int, bytes]] = []
    order = np.argsort(-sums, kind="stable")
    order = order[sums[order] > 0]
    groups = _grouped(symbols[order])
    done = 0
    for group in groups:
        encoder = constriction.stream.queue.RangeEncoder()
        for number in order[done : done + group]:
            channels[number] = coder.describe(symbols[number])
            spent += coder.encode(encoder, symbols[number], channels[number])
        layers.append((group, encoder.get_compressed().astype("<u4").tobytes()))
        done += group
    head = _head(maps, channels, order, len(layers))
    parts = []
    for group, content in layers:
        layer = as_varint(group) + as_varint(len(content)) + content
        parts.append(layer + struct.pack("<H", zlib.crc32(layer) & 0xFFFF))
    body = b"".join([head, struct.pack("<I", zlib.crc32(head)), *parts])
    bits = [float(part.sum()) for part in places.parted(spent[None])]
    return body + struct.pack("<I", zlib.crc32(body)), np.array(bits)


def _grouped(symbols: np.ndarray) -> list[int]:
    """Return the number of channels of each layer, of about equal lengths."""
    # A rough length of each channel: what its magnitudes take in unary.
    lengths = np.array([np.log2(1 + np.abs(channel)).sum() + 1 for channel in symbols])
    each = max(float(lengths.sum()) / _LAYERS, 8.0 * _LEAST)
    length = 0.0
    groups: list[int] = []
    for more in lengths:
        if not groups or length >= each:
            groups.append(0)
            length = 0.0
        groups[-1] += 1
        length += more
    return groups


def _head(maps: Maps, channels: Sequence[Channel], order: np.ndarray, layers: int) -> bytes:
    plain = all(size == maps.shape[:2] for size in maps.sizes)
    sizes = b"" if plain else b"".join(as_varint(n) for size in maps.sizes for n in size)
    scales = bytes(maps.steps.astype("u1"))
    scales += b"".join(as_varint(2 * n if n >= 0 else -2 * n - 1) for n in maps.offsets.tolist())
    scales += bytes(maps.shifts)
    table = b"".join(as_varint(number) for number in order.tolist())
    table += bytes(channels[number].level for number in order)
    table += bytes(channels[number].mix for number in order)
    table += b"".join(bytes(w & 255 for w in channels[number].weights) for number in order)
    counts = (len(maps.sizes), len(maps.steps), maps.side, len(maps.shape), *maps.shape)
    return b"".join(
        [
            MAGIC,
            bytes([VERSION]),
            maps.mark,
            *(as_varint(n) for n in counts),
            as_block(sizes),
            as_block(_text(maps.names)),
            as_block(scales),
            as_varint(len(order)),
            as_block(table),
            as_varint(layers),
        ]
    )
