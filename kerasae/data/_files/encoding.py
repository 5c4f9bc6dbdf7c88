"""The encoding of a text: found from its first bytes, or named by the user."""

import codecs
from pathlib import Path

import charset_normalizer

#: Bytes from the beginning of a file that show its encoding.
START = 1 << 16
#: Byte order marks. The longest come first, because the mark of UTF-32 begins like that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def marked_encoding(start: bytes) -> str:
    """Return UTF-16 or UTF-32 if a mark or the zero bytes of UTF-16 show it, otherwise UTF-8."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    # In UTF-16, text that is mostly ASCII has a zero in every other byte.
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = start[offset : 2 * (len(start) // 2) : 2]
        if half and half.count(0) > len(half) / 2:
            return encoding
    return "utf-8"


def encoding_named(encoding: str) -> str:
    """Return Python's own name of an encoding.

    Raises:
        ValueError: if Python does not know it.
    """
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise ValueError(
            f"Unknown encoding {encoding!r}; expected one that Python knows, such as latin-1 or utf-16."
        ) from None


def encoding_advice(path: Path) -> str:
    """Return the remedy for a file that is not UTF-8."""
    with path.open("rb") as file:
        best = charset_normalizer.from_bytes(file.read(START)).best()
    # Among encodings of Western letters the detector's choice is arbitrary; others it knows by the alphabet.
    western = best is None or all("Latin" in one or "Control" in one for one in best.alphabets)
    guess = "latin-1" if best is None or western or best.encoding == "utf_8" else best.encoding
    return f"name its encoding, which may be --encoding {guess}"
