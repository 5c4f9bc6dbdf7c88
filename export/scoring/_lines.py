"""Lines of a file or a pipe, as they come."""

import os
from collections.abc import Iterator

#: Largest number of bytes that are read at once. A pipe that has fewer gives what it has.
_BLOCK = 2**16
#: Largest size of one line, in bytes.
_LONGEST = 2**26


def lines_as_they_come(descriptor: int) -> Iterator[list[bytes]]:
    """Yield the lines that can be read without waiting for more, without their ends.

    Args:
        descriptor: Descriptor of an open file or pipe.

    Raises:
        ValueError: If a line is longer than 64 MiB.
    """
    rest: list[bytes] = []
    size = 0
    while block := os.read(descriptor, _BLOCK):
        *whole, last = block.split(b"\n")
        if whole:
            whole[0] = b"".join([*rest, whole[0]])
            rest, size = [], 0
            yield [line.removesuffix(b"\r") for line in whole]
        rest.append(last)
        size += len(last)
        if size > _LONGEST:
            raise ValueError(f"Expected lines of at most {_LONGEST:,} bytes, received a longer one.")
    if last := b"".join(rest):
        yield [last.removesuffix(b"\r")]
