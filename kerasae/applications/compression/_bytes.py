"""Bytes of a file from the front: whole numbers of any size, and packed blocks."""

import zlib


class Reader:
    """Bytes that are read from the front.

    Args:
        data: Bytes.
        place: Number of the first byte to read.

    Raises:
        ValueError: In each method, if the bytes contradict themselves or end too early.
    """

    def __init__(self, data: bytes, place: int) -> None:
        self._data, self._place = data, place

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        self._place += count
        if self._place > len(self._data):
            raise ValueError("it ends too early")
        return self._data[self._place - count : self._place]

    def varint(self) -> int:
        """Return the next whole number."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("a whole number of more than 63 bits")

    def block(self, most: int) -> bytes:
        """Return the next block, unpacked, of at most so many bytes."""
        length = self.varint()
        if not length:
            return b""
        unpacker = zlib.decompressobj(-15)
        content = unpacker.decompress(self.take(length), most + 1)
        if len(content) > most or not unpacker.eof:
            raise ValueError(f"a block that is not {most} bytes or fewer")
        return content

    def rest(self) -> bytes:
        """Return all bytes that are left."""
        return self._data[self._place :]


def as_varint(value: int) -> bytes:
    """Return a whole number, 0 or more, as bytes: 7 bits in each, the lowest first."""
    content = []
    while value > 127:
        content.append(value & 127 | 128)
        value >>= 7
    return bytes([*content, value])


def as_block(content: bytes) -> bytes:
    """Return bytes packed by raw deflate, after their packed length."""
    if not content:
        return as_varint(0)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    return as_varint(len(packed)) + packed
