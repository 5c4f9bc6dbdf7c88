"""Reading of a `.kae` file of maps, whole or as far as it goes."""

import struct
import zlib

import constriction
import numpy as np

from kerasae.applications.compression._bitstream import MAGIC, MARK
from kerasae.applications.compression._bytes import Reader, as_varint
from kerasae.applications.compression._maps.coder import PREDICTORS, Channel, Coder
from kerasae.applications.compression._maps.contexts import MIXES
from kerasae.applications.compression._maps.file import (
    MOST_CHANNELS,
    MOST_IMAGES,
    MOST_NAME,
    MOST_NUMBERS,
    MOST_PLACES,
    Maps,
)
from kerasae.applications.compression._maps.places import Places

#: Largest level of a magnitude: no symbol is larger than 2^40.
_MOST_LEVEL = 192


def is_whole(data: bytes) -> bool:
    """Return whether the bytes of a file are all there and unchanged."""
    return len(data) > 4 and struct.pack("<I", zlib.crc32(data[:-4])) == data[-4:]


def read(data: bytes, mark: bytes, name: str = "the file", partial: bool = False) -> Maps:
    """Read the content of a file.

    Args:
        data: Bytes of the file.
        mark: First bytes of the fingerprint of the model that decodes the file.
        name: Name of the file, for messages.
        partial: Whether a file that was cut is read as far as it goes.

    Raises:
        ValueError: If the bytes are not such a file, were changed, are inconsistent, or were written with
            another model; or if too little is left of a file that was cut.
    """
    whole = is_whole(data)
    if not whole and not partial:
        raise ValueError(
            f"The checksum of {name} is wrong: it is damaged, or a part of it is missing; `partial` "
            "(--partial true) restores what is left."
        )
    try:
        return _maps(data[:-4] if whole else data, mark, name, whole)
    except (ValueError, zlib.error) as error:
        if isinstance(error, _AnotherModelError):
            raise ValueError(str(error)) from None
        remedy = "a file that contradicts itself" if whole else "too little of it"
        raise ValueError(f"Expected {name} as it was written, received {remedy}: {error}.") from None


class _AnotherModelError(ValueError):
    """The file is of another model."""


def _maps(data: bytes, mark: bytes, name: str, whole: bool) -> Maps:
    reader = Reader(data, len(MAGIC) + 1)
    if (found := reader.take(MARK)) != mark:
        raise _AnotherModelError(
            f"Expected {name} to be of this model ({mark.hex()}), received one that the model {found.hex()} "
            "wrote: only that one decodes it."
        )
    images, width, side, axes = (reader.varint() for _ in range(4))
    if not 0 < images <= MOST_IMAGES or not 0 < width <= MOST_CHANNELS or axes != 3 or not side:
        raise ValueError(f"{images} images of {width} numbers for squares of {side} pixels")
    shape = tuple(reader.varint() for _ in range(axes))
    block = Reader(reader.block(20 * images), 0)
    rest = block.rest()
    sizes = [(block.varint(), block.varint()) if rest else (shape[0], shape[1]) for _ in range(images)]
    places = [(-(-height // side), -(-across // side)) for height, across in sizes]
    count = sum(rows * columns for rows, columns in places)
    if (
        not all(rows * columns for rows, columns in places)
        or count > MOST_PLACES
        or count * width > MOST_NUMBERS
    ):
        raise ValueError(f"{count} places of {width} numbers")
    text = reader.block(MOST_NAME * images).decode(errors="surrogateescape")
    names = tuple(text.split("\n")) if text else ()
    if len(names) not in (0, images):
        raise ValueError(f"{len(names)} names of {images} images")
    scales = Reader(reader.block(12 * width + 2), 0)
    steps = np.frombuffer(scales.take(width), "u1").astype("int64")
    words = [scales.varint() for _ in range(width)]
    offsets = np.array([-(n + 1) // 2 if n & 1 else n // 2 for n in words], "int64")
    shifts = scales.take(2)
    used = reader.varint()
    if used > width:
        raise ValueError(f"{used} channels of {width}")
    table = Reader(reader.block((12 + PREDICTORS) * used), 0)
    order = [table.varint() for _ in range(used)]
    if len(set(order)) != used or any(number >= width for number in order):
        raise ValueError("channels that are not there")
    levels, mixes = table.take(used), table.take(used)
    weights = np.frombuffer(table.take(PREDICTORS * used), "i1").reshape(used, PREDICTORS).tolist()
    if any(mix >= len(MIXES) for mix in mixes) or not all(0 < level <= _MOST_LEVEL for level in levels):
        raise ValueError("contexts that are not known")
    layers = reader.varint()
    head = len(data) - len(reader.rest())
    if struct.pack("<I", zlib.crc32(data[:head])) != reader.take(4):
        raise ValueError("the checksum of its head is wrong")
    grid = Places.of(places)
    symbols, coder, done = np.zeros((width, len(grid)), "int64"), Coder(grid), 0
    for layer in _layers(reader, layers, whole):
        group, content = layer
        if done + group > used:
            raise ValueError("more channels in layers than there are")
        decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(content, "<u4").astype("uint32"))
        for place in range(done, done + group):
            channel = Channel(levels[place], mixes[place], tuple(weights[place]))
            symbols[order[place]] = coder.decode(decoder, channel)
        done += group
    if whole and done != used:
        raise ValueError(f"{done} channels of {used}")
    share = done / used if used else 1.0
    parts = grid.parted(symbols)
    return Maps(parts, tuple(sizes), side, shape, mark, steps, offsets, (shifts[0], shifts[1]), names, share)


def _layers(reader: Reader, count: int, whole: bool) -> list[tuple[int, bytes]]:
    """Return the channels and the words of each layer, up to the first that is not complete."""
    layers = []
    for _ in range(count):
        try:
            group, length = reader.varint(), reader.varint()
            content, check = reader.take(length), reader.take(2)
            layer = as_varint(group) + as_varint(length) + content
            if length % 4 or struct.pack("<H", zlib.crc32(layer) & 0xFFFF) != check:
                raise ValueError("the checksum of a layer is wrong")
        except ValueError:
            if whole:
                raise
            break
        layers.append((group, content))
    if whole and reader.rest():
        raise ValueError("bytes behind the last layer")
    return layers


def sizes(data: bytes) -> dict[str, int]:
    """Return the number of bytes of a file by part."""
    reader = Reader(data[:-4], len(MAGIC) + 1 + MARK)
    for _ in range(7):
        reader.varint()
    images, names, scales = (len(reader.take(reader.varint())) for _ in range(3))
    reader.varint()
    contexts = len(reader.take(reader.varint()))
    layers = reader.varint()
    reader.take(4)
    symbols = sum(len(content) for _, content in _layers(reader, layers, whole=True))
    parts = {
        "symbols": symbols,
        "contexts": contexts,
        "steps": scales,
        "sizes": images,
        "names": names,
    }
    return {**parts, "frame": len(data) - sum(parts.values())}
