"""The EXIF orientation of a PNG or JPEG file, read in a TensorFlow graph.

TensorFlow decodes images without reading their EXIF data. A server has only the bytes that a client sends,
so the orientation is read with TensorFlow operations, in training as on the server.
"""

from typing import Any

import tensorflow as tf

#: First bytes of a PNG file. Those of a JPEG file are FF D8 FF.
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Number of zeros appended to the bytes, so that a field at their end can be read.
_MARGIN = 16
#: Tag of the orientation, and the types in which files store it: SHORT, as EXIF requires, and LONG.
_TAG, _SHORT, _LONG = 0x0112, 3, 4
#: Largest number of chunks, segments and padding bytes that are skipped: 64, and one more for each KB of the
#: file. Files of cameras have far fewer. A file made of empty segments would cost a server minutes.
_FEW, _KB = 64, 1024
#: Size of an entry in a directory of tags, in bytes.
_ENTRY = 12


def orientation(content: Any) -> Any:
    """Read the EXIF orientation of an image, safely in a graph.

    Only EXIF is read: the `eXIf` chunk of a PNG file, the `APP1` segment of a JPEG file. An orientation in
    XMP or in a text chunk is ignored. So are damaged EXIF data, and EXIF data after more than 64 chunks or
    segments of less than 1 KB on average.

    Args:
        content: Bytes of a file, a scalar string.

    Returns:
        Orientation from 1 to 8, an int32 scalar; 1 for a file without orientation.

    Reference:
        CIPA DC-008-2019 (EXIF 2.32), section 4; PNG specification, third edition, 11.3.4.5.
    """
    data = tf.concat([tf.io.decode_raw(content, tf.uint8), tf.zeros(_MARGIN, tf.uint8)], 0)
    file = _Bytes(data)
    start = tf.cond(is_png(content), lambda: _exif_of_png(file), lambda: _exif_of_jpeg(file))
    return tf.cond(start > 0, lambda: _noted(file, start), lambda: tf.constant(1))


def is_png(content: Any) -> Any:
    """Return whether a file begins like a PNG file. It is safe in a graph."""
    return tf.equal(tf.strings.substr(content, 0, len(PNG_SIGNATURE)), PNG_SIGNATURE)


def is_jpeg(content: Any) -> Any:
    """Return whether a file begins like a JPEG file. It is safe in a graph."""
    return tf.equal(tf.strings.substr(content, 0, 3), b"\xff\xd8\xff")


class _Bytes:
    """Bytes of a file, followed by zeros.

    Args:
        data: Bytes of the file and 16 zeros, uint8, `(bytes + 16,)`.
    """

    def __init__(self, data: Any) -> None:
        self._data = data
        self.end = tf.size(data, tf.int64) - _MARGIN

    def at(self, start: Any, count: int) -> Any:
        """Return `count` bytes, at most 16, from position `start`."""
        start = tf.clip_by_value(start, 0, self.end)
        return tf.cast(tf.slice(self._data, [start], [count]), tf.int64)

    def number(self, start: Any, count: int, big: Any = True) -> Any:
        """Return the unsigned number in `count` bytes from position `start`, big-endian if `big`."""
        return _value(self.at(start, count), big)

    def is_at(self, start: Any, expected: bytes) -> Any:
        """Return whether the bytes at position `start` are `expected`."""
        return tf.reduce_all(tf.equal(self.at(start, len(expected)), list(expected)))

    def search(self, first: int, goes_on: Any, following: Any) -> Any:
        """Return the position at which a search ends.

        Args:
            first: Position at which the search begins.
            goes_on: Function of a position that returns whether the search continues.
            following: Function of a position that returns the next one.
        """
        most = tf.cast(_FEW + self.end // _KB, tf.int32)
        start = (tf.constant(first, tf.int64),)
        return tf.while_loop(goes_on, lambda place: (following(place),), start, maximum_iterations=most)[0]

    def entries(self, start: Any, count: Any) -> Any:
        """Return the entries of a directory of tags that lie inside the file, `(entries, 12)`."""
        start = tf.clip_by_value(start, 0, self.end)
        count = tf.minimum(count, (self.end - start) // _ENTRY)
        content = tf.slice(self._data, [start], [_ENTRY * count])
        return tf.cast(tf.reshape(content, (-1, _ENTRY)), tf.int64)


def _value(digits: Any, big: Any) -> Any:
    """Return the unsigned number in the bytes along the last axis, big-endian if `big`."""
    digits = tf.where(big, digits, tf.reverse(digits, [-1]))
    return tf.reduce_sum(digits * [256**i for i in reversed(range(digits.shape[-1]))], -1)


def _exif_of_png(file: _Bytes) -> Any:
    """Return the position of the EXIF data, or 0.

    A chunk consists of its length, its type, its content and a checksum.
    """

    def is_exif(place: Any) -> Any:
        return file.is_at(place + 4, b"eXIf")

    place = file.search(
        len(PNG_SIGNATURE),
        lambda place: (place < file.end) & ~is_exif(place),
        lambda place: place + 12 + file.number(place, 4),
    )
    return tf.where((place < file.end) & is_exif(place), place + 8, 0)


def _exif_of_jpeg(file: _Bytes) -> Any:
    """Return the position of the EXIF data, or 0.

    A segment begins with its marker, which is FF and another byte, and its length.
    """

    def is_exif(place: Any) -> Any:
        return file.is_at(place, b"\xff\xe1") & file.is_at(place + 4, b"Exif\0\0")

    def goes_on(place: Any) -> Any:
        # The marker DA begins the image itself.
        marked = file.is_at(place, b"\xff") & ~file.is_at(place, b"\xff\xda")
        return (place < file.end) & marked & ~is_exif(place)

    def following(place: Any) -> Any:
        # A marker may be preceded by several FF.
        padded = file.is_at(place + 1, b"\xff")
        return tf.where(padded, place + 1, place + 2 + file.number(place + 2, 2))

    place = file.search(2, goes_on, following)
    return tf.where(is_exif(place), place + 10, 0)


def _noted(file: _Bytes, start: Any) -> Any:
    """Return the orientation in the first directory of tags of the EXIF data at position `start`."""
    big = file.is_at(start, b"MM")
    directory = start + file.number(start + 4, 4, big)
    entries = file.entries(directory + 2, file.number(directory, 2, big))

    def field(first: int, last: int) -> Any:
        return _value(entries[:, first:last], big)

    kind = field(2, 4)
    values = tf.where(tf.equal(kind, _LONG), field(8, 12), field(8, 10))
    fits = tf.equal(field(0, 2), _TAG) & (tf.equal(kind, _SHORT) | tf.equal(kind, _LONG))
    # The first of several orientations counts; the appended 1 is the default.
    value = tf.concat([tf.boolean_mask(values, fits), [1]], 0)[0]
    return tf.cast(tf.where((value >= 1) & (value <= 8), value, 1), tf.int32)
