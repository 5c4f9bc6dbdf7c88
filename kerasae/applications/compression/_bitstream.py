"""A `.kae` file: whole numbers by dimension, entropy-coded, with all that is needed to read them again.

    bytes      what
    4          `KAE` and 0x1A, by which such a file is known
    1          version of the format
    8          the first bytes of the fingerprint of the model
    varints    rows, numbers per code, axes of an example and their lengths
    block      step and offset of each dimension, float32, their bytes plane by plane
    block      histogram of each dimension: least symbol, symbols, width of a bin, a level for each bin
    block      of a table: a bit for each cell that was missing; empty where none was
    block      from version 2 on: where the windows of a log lie in time, a text
    rest       the symbols, by asymmetric numeral systems (Duda 2009), 32-bit words
    4          CRC-32 of all before

A block is a varint, its length, and raw deflate. Words and floats are little-endian. Probabilities
are ratios of whole numbers that the file holds, so that every machine decodes what was encoded.
"""

import dataclasses
import math
import struct
import zlib
from collections.abc import Sequence

import constriction
import numpy as np

from kerasae.applications.compression._bytes import Reader, as_block, as_varint
from kerasae.applications.compression._histogram import MOST_SYMBOLS, Histogram
from kerasae.files import check_number

MAGIC = b"KAE\x1a"
#: Version of files without and with time stamps.
VERSION, TIMED = 1, 2
#: Version of files of maps, which `_maps/file.py` reads.
OF_MAPS = 3
#: Largest number of bytes of the text that says where windows lie in time.
_MOST_LAYOUT = 2**24
#: Number of stored bytes of a fingerprint: two models agree in them by chance once in 10^19.
MARK = 8
#: Largest number of numbers in a file, 256 MiB, a second or two to decode: a few bytes can represent
#: any number of equal rows.
MOST_NUMBERS = 2**25
#: Levels of a histogram stand for powers of two: 1, 2 or 4 to an octave, whichever makes the shortest file.
_PER_OCTAVE = (1, 2, 4)
#: Largest number of axes of an example; arrays have no more.
_MOST_AXES = 64


@dataclasses.dataclass(frozen=True)
class Content:
    """Content of a file.

    Args:
        symbols: Whole numbers, `(rows, latent_dim)`.
        steps: Step of each dimension, float32, `(latent_dim,)`.
        offsets: Offset of each dimension, float32, `(latent_dim,)`; a code is `offset + step * symbol`.
        shape: Shape of one example in `x`.
        mark: First bytes of the fingerprint of the model.
        missing: Missing cells of a table, `(rows, columns)`; `None` if there are none, or they are not
            stored.
        layout: Where windows of a log lie in time, as `layout_of` says it; empty for other examples.
    """

    symbols: np.ndarray
    steps: np.ndarray
    offsets: np.ndarray
    shape: tuple[int, ...]
    mark: bytes
    missing: np.ndarray | None = None
    layout: str = ""

    @property
    def codes(self) -> np.ndarray:
        """Codes of the symbols, float32, `(rows, latent_dim)`."""
        return dequantised(self.symbols, self.steps, self.offsets)


def dequantised(symbols: np.ndarray, steps: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return `offset + step * symbol`, float32, computed in float64 one dimension at a time."""
    codes = np.empty(symbols.shape, "float32")
    for place, (offset, step) in enumerate(zip(offsets, steps, strict=True)):
        codes[:, place] = float(offset) + float(step) * symbols[:, place]
    return codes


def write(content: Content) -> bytes:
    """Return the bytes of a file, with the shortest of the possible histograms.

    Raises:
        ValueError: If a file cannot hold so many numbers, or symbols per dimension.
    """
    if content.symbols.size > MOST_NUMBERS:
        raise ValueError(
            f"Expected at most {MOST_NUMBERS:,} numbers in a file, received {content.symbols.size:,}; write "
            "the rows into several files."
        )
    return min((_write(content, per_octave) for per_octave in _PER_OCTAVE), key=len)


def _write(content: Content, per_octave: int) -> bytes:
    columns = content.symbols.T
    rows, width = content.symbols.shape
    histograms = [Histogram.of(column, per_octave) for column in columns]
    coder = constriction.stream.stack.AnsCoder()
    # The coder is a stack: the first symbols that are read are written last.
    for column, histogram in reversed(list(zip(columns, histograms, strict=True))):
        if histogram.count > 1:
            coder.encode_reverse((column - histogram.least).astype("int32"), histogram.model(per_octave))
    scales = np.concatenate([content.steps, content.offsets]).astype("<f4")
    planes = scales.view("u1").reshape(-1, 4).T.tobytes()
    table = bytes([per_octave]) + b"".join(histogram.to_bytes() for histogram in histograms)
    missing = b"" if content.missing is None else np.packbits(content.missing.T).tobytes()
    body = b"".join(
        [
            MAGIC,
            bytes([TIMED if content.layout else VERSION]),
            content.mark,
            *(as_varint(n) for n in (rows, width, len(content.shape), *content.shape)),
            *(as_block(part) for part in (planes, table, missing)),
            as_block(content.layout.encode()) if content.layout else b"",
            coder.get_compressed().astype("<u4").tobytes(),
        ]
    )
    return body + struct.pack("<I", zlib.crc32(body))


def read(data: bytes, mark: bytes, name: str = "the file") -> Content:
    """Read the content of a file.

    Args:
        data: Bytes of the file.
        mark: First bytes of the fingerprint of the model that decodes the file.
        name: Name of the file, for messages.

    Raises:
        NewerFormatError: If a newer kerasae wrote the file.
        ValueError: If the bytes are not such a file, were changed, are inconsistent, or were written with
            another model.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError(f"Expected a file that `kerasae apply compression` wrote, received {name}.")
    body, check = data[:-4], data[-4:]
    if len(data) < len(MAGIC) + 1 + MARK + 4 or struct.pack("<I", zlib.crc32(body)) != check:
        raise ValueError(f"The checksum of {name} is wrong: it is damaged, or a part of it is missing.")
    version = data[len(MAGIC)]
    check_number(version, OF_MAPS, name)
    if version not in (VERSION, TIMED):
        raise ValueError(
            f"Expected version {VERSION} or {TIMED} of the format in {name}, received {version}."
        )
    reader = Reader(body, len(MAGIC) + 1)
    if (written := reader.take(MARK)) != mark:
        raise ValueError(
            f"Expected {name} to be of this model ({mark.hex()}), received one that the model "
            f"{written.hex()} wrote: only that one decodes it."
        )
    try:
        return _content(reader, written, version == TIMED)
    except (ValueError, zlib.error) as error:
        raise ValueError(
            f"Expected {name} as it was written, received a file that contradicts itself: {error}."
        ) from None


def _content(reader: Reader, mark: bytes, timed: bool) -> Content:
    """Read the content after the mark, with time stamps or without."""
    rows, width, axes = reader.varint(), reader.varint(), reader.varint()
    if not 0 < rows * width <= MOST_NUMBERS:
        raise ValueError(f"{rows} rows of {width} numbers")
    if axes > _MOST_AXES:
        raise ValueError(f"{axes} axes")
    shape = tuple(reader.varint() for _ in range(axes))
    scales = reader.block(8 * width)
    if len(scales) != 8 * width:
        raise ValueError(f"{len(scales)} bytes of steps and offsets for {width} dimensions")
    planes = np.frombuffer(scales, "u1").reshape(4, -1)
    steps, offsets = np.ascontiguousarray(planes.T).view("<f4").ravel().reshape(2, width)
    table = Reader(reader.block(width * (MOST_SYMBOLS + 30) + 1), 0)
    per_octave = table.take(1)[0]
    if per_octave not in _PER_OCTAVE:
        raise ValueError(f"{per_octave} levels to an octave")
    histograms = [Histogram.read(table) for _ in range(width)]
    # The cells of an image are never missing, and there may be very many.
    each = math.prod(shape) if shape and len(shape) < 3 else 0
    cells = rows * each
    if cells > 8 * MOST_NUMBERS:
        raise ValueError(f"{rows} rows of {each} cells")
    packed = np.frombuffer(reader.block(-(-cells // 8)), "u1")
    missing = None
    if len(packed):
        if len(packed) != -(-cells // 8):
            raise ValueError(f"{len(packed)} bytes of missing cells for {cells}")
        missing = np.unpackbits(packed, count=cells).astype(bool).reshape(each, rows).T
    layout = reader.block(_MOST_LAYOUT).decode() if timed else ""
    rest = reader.rest()
    if len(rest) % 4:
        raise ValueError(f"{len(rest)} bytes of symbols, which are no 32-bit words")
    coder = constriction.stream.stack.AnsCoder(np.frombuffer(rest, "<u4").astype("uint32"))
    symbols = np.empty((width, rows), "int64")
    for number, histogram in enumerate(histograms):
        one = histogram.count > 1
        symbols[number] = histogram.least + (coder.decode(histogram.model(per_octave), rows) if one else 0)
    return Content(symbols.T, steps, offsets, shape, mark, missing, layout)


def sizes(data: bytes) -> dict[str, int]:
    """Return the number of bytes of a file by part."""
    reader = _at_blocks(data)
    scales, table, missing = (len(reader.take(reader.varint())) for _ in range(3))
    stamps = len(reader.take(reader.varint())) if data[len(MAGIC)] == TIMED else 0
    symbols = len(reader.rest()) - 4
    other = len(data) - scales - table - missing - stamps - symbols
    return {
        "symbols": symbols,
        "histograms": table,
        "steps": scales,
        "missing cells": missing,
        "time stamps": stamps,
        "frame": other,
    }


def bits_by_row(data: bytes, symbols: np.ndarray) -> np.ndarray:
    """Return the bits that the symbols of each row take in a file, `(rows,)`.

    Args:
        data: Bytes of the file.
        symbols: Its symbols, `(rows, latent_dim)`.
    """
    reader = _at_blocks(data)
    reader.take(reader.varint())
    width = symbols.shape[1]
    table = Reader(reader.block(width * (MOST_SYMBOLS + 30) + 1), 0)
    per_octave = table.take(1)[0]
    bits = np.zeros(len(symbols))
    for column in symbols.T:
        histogram = Histogram.read(table)
        if histogram.count > 1:
            bits -= np.log2(histogram.probabilities(per_octave)[column - histogram.least])
    return bits


def _at_blocks(data: bytes) -> Reader:
    """Return a reader at the first block of a file."""
    reader = Reader(data, len(MAGIC) + 1 + MARK)
    _, _, axes = (reader.varint() for _ in range(3))
    for _ in range(axes):
        reader.varint()
    return reader


def as_float8(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Round numbers to float32 with 8 significant bits, which need two bytes each in a file."""
    bits = np.asarray(values, "float32").view("uint32").astype("uint64")
    return ((bits + 0x8000) >> 16 << 16).astype("uint32").view("float32")
