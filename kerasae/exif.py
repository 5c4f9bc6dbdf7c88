"""How a camera was held: the orientation that EXIF notes in a PNG or JPEG file, read in a graph.

TensorFlow decodes images and leaves their EXIF unread. A server has nothing but the bytes that a client
sends, so the note is found by TensorFlow's own operations, in training as on the server.
"""

from typing import Any

import tensorflow as tf

#: The first bytes of a PNG file. Those of a JPEG file are FF D8 FF.
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Zeros behind the file, so that a field that is read at its end lies inside.
_MARGIN = 16
#: The tag of the orientation, and the types in which it is stored: SHORT, as EXIF says, and LONG.
_TAG, _SHORT, _LONG = 0x0112, 3, 4
#: Chunks, segments and bytes of padding that are passed over: a few, and more in a longer file, one for each
#: KB. Files of cameras have far fewer. A file made of empty segments would cost a server minutes.
_FEW, _KB = 64, 1024
#: Bytes of an entry in a directory of tags.
_ENTRY = 12


def orientation(content: Any) -> Any:
    """The orientation of an image, 1 to 8; 1 where none is noted. Safe in a graph.

    Only EXIF is read: the `eXIf` chunk of a PNG file, the `APP1` segment of a JPEG file. A note in XMP or
    in a text chunk does not count. Damaged EXIF counts as none, and so does EXIF behind more than 64 chunks
    or segments of less than 1 KB on average.

    Args:
        content: the bytes of a file, a scalar string.

    Returns:
        An int32 scalar.

    Reference:
        CIPA DC-008-2019 (EXIF 2.32), section 4; PNG specification, third edition, 11.3.4.5.
    """
    data = tf.concat([tf.io.decode_raw(content, tf.uint8), tf.zeros(_MARGIN, tf.uint8)], 0)
    file = _Bytes(data)
    start = tf.cond(is_png(content), lambda: _exif_of_png(file), lambda: _exif_of_jpeg(file))
    return tf.cond(start > 0, lambda: _noted(file, start), lambda: tf.constant(1))


def is_png(content: Any) -> Any:
    """Whether a file begins as a PNG file does; safe in a graph."""
    return tf.equal(tf.strings.substr(content, 0, len(PNG_SIGNATURE)), PNG_SIGNATURE)


def is_jpeg(content: Any) -> Any:
    """Whether a file begins as a JPEG file does; safe in a graph."""
    return tf.equal(tf.strings.substr(content, 0, 3), b"\xff\xd8\xff")


class _Bytes:
    """The bytes of a file, zeros behind its end.

    Args:
        data: uint8, `(bytes + 16,)`.
    """

    def __init__(self, data: Any) -> None:
        self._data = data
        self.end = tf.size(data, tf.int64) - _MARGIN

    def at(self, start: Any, count: int) -> Any:
        """So many bytes, at most 16, from a place on."""
        start = tf.clip_by_value(start, 0, self.end)
        return tf.cast(tf.slice(self._data, [start], [count]), tf.int64)

    def number(self, start: Any, count: int, big: Any = True) -> Any:
        """An unsigned number of so many bytes, the greatest of which comes first if `big`."""
        return _value(self.at(start, count), big)

    def is_at(self, start: Any, expected: bytes) -> Any:
        """Whether these bytes stand at a place."""
        return tf.reduce_all(tf.equal(self.at(start, len(expected)), list(expected)))

    def search(self, first: int, goes_on: Any, following: Any) -> Any:
        """The place where a search ends that begins at `first` and goes from place to place."""
        most = tf.cast(_FEW + self.end // _KB, tf.int32)
        start = (tf.constant(first, tf.int64),)
        return tf.while_loop(goes_on, lambda place: (following(place),), start, maximum_iterations=most)[0]

    def entries(self, start: Any, count: Any) -> Any:
        """Entries of a directory of tags that lie inside the file, `(entries, 12)`."""
        start = tf.clip_by_value(start, 0, self.end)
        count = tf.minimum(count, (self.end - start) // _ENTRY)
        found = tf.slice(self._data, [start], [_ENTRY * count])
        return tf.cast(tf.reshape(found, (-1, _ENTRY)), tf.int64)


def _value(found: Any, big: Any) -> Any:
    """Bytes as an unsigned number, over the last axis; the greatest comes first if `big`."""
    found = tf.where(big, found, tf.reverse(found, [-1]))
    return tf.reduce_sum(found * [256**i for i in reversed(range(found.shape[-1]))], -1)


def _exif_of_png(file: _Bytes) -> Any:
    """Where EXIF begins, 0 if there is none. A chunk is its length, its type, its content and a checksum."""

    def is_exif(place: Any) -> Any:
        return file.is_at(place + 4, b"eXIf")

    place = file.search(
        len(PNG_SIGNATURE),
        lambda place: (place < file.end) & ~is_exif(place),
        lambda place: place + 12 + file.number(place, 4),
    )
    return tf.where((place < file.end) & is_exif(place), place + 8, 0)


def _exif_of_jpeg(file: _Bytes) -> Any:
    """Where EXIF begins, 0 if there is none. A segment is its marker, FF and another byte, and its length."""

    def is_exif(place: Any) -> Any:
        return file.is_at(place, b"\xff\xe1") & file.is_at(place + 4, b"Exif\0\0")

    def goes_on(place: Any) -> Any:
        # Behind the marker DA stands the image itself.
        marked = file.is_at(place, b"\xff") & ~file.is_at(place, b"\xff\xda")
        return (place < file.end) & marked & ~is_exif(place)

    def following(place: Any) -> Any:
        # FF may be repeated before the marker.
        padded = file.is_at(place + 1, b"\xff")
        return tf.where(padded, place + 1, place + 2 + file.number(place + 2, 2))

    place = file.search(2, goes_on, following)
    return tf.where(is_exif(place), place + 10, 0)


def _noted(file: _Bytes, start: Any) -> Any:
    """The orientation in the first directory of tags of the EXIF that begins at a place."""
    big = file.is_at(start, b"MM")
    directory = start + file.number(start + 4, 4, big)
    entries = file.entries(directory + 2, file.number(directory, 2, big))

    def field(first: int, last: int) -> Any:
        return _value(entries[:, first:last], big)

    kind = field(2, 4)
    values = tf.where(tf.equal(kind, _LONG), field(8, 12), field(8, 10))
    fits = tf.equal(field(0, 2), _TAG) & (tf.equal(kind, _SHORT) | tf.equal(kind, _LONG))
    # Of several the first; 1 behind them.
    value = tf.concat([tf.boolean_mask(values, fits), [1]], 0)[0]
    return tf.cast(tf.where((value >= 1) & (value <= 8), value, 1), tf.int32)
