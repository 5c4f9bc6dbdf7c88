"""examples: the rows of a file, a folder or a pipe, in batches as they come."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.feeds import Feed
from kerasae.export.scoring._batches import Batch, UnreadableError
from kerasae.export.scoring._crops import cut, separate
from kerasae.export.scoring._images import holds_images, images_in
from kerasae.export.scoring._lines import lines_as_they_come
from kerasae.export.scoring._records import CsvRecords, JsonRecords, Records, TextRecords
from kerasae.export.scoring.streams import whole_windows

from kerasae.remote import copied, fetched
from kerasae.spec import Spec

#: Name of the lines on the standard input.
PIPE = "-"
#: Number of rows of an array that are read at once.
_ROWS = 256
#: Endings of the names of files with a row a line, and how they are read.
_RECORDS: dict[str, Callable[..., Records]] = {
    ".jsonl": JsonRecords,
    ".ndjson": JsonRecords,
    ".json": JsonRecords,
    ".csv": CsvRecords,
    ".tsv": CsvRecords,
}
#: First bytes of a line of JSON.
_JSON = (b"{", b"[")
_BOM = b"\xef\xbb\xbf"


def examples(
    source: str | Path, spec: Spec, feed: Feed, *, apart: bool = False, crops: bool = False
) -> Iterator[Batch]:
    """Yield the examples of a source in batches, as soon as they can be read.

    Of a log of sensors these are the whole windows, each with the name of the row that ends it.

    Args:
        source: Rows, as `rows_of` takes them, or an address of them.
        spec: Spec of the examples.
        feed: Feed of the examples.
        apart: Whether windows of a log that share readings with an earlier one are left out. Defaults to
            False.
        crops: Whether the examples are crops of images, as for `rows_of`. Defaults to False.

    Yields:
        Names and raw examples, or what cannot be read.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If nothing can be read, for example because a column is missing.
    """
    here = PIPE if source == PIPE else fetched(source)
    reader = reader_of(here, feed)
    rows = rows_of(here, spec, reader, crops=crops)
    return rows if reader is feed else whole_windows(rows, feed, apart=apart)


def block_of(source: str | Path, spec: Spec, feed: Feed) -> int:
    """Return the number of successive examples of a source that share readings; 1 if none do.

    The windows of the rows of a log overlap. Whole windows of an array need not follow each other.
    """
    return 1 if reader_of(copied(source), feed) is feed else int(spec.shape[0])


def reader_of(source: str | Path, feed: Feed) -> Feed:
    """Return the feed of the rows of a source: that of its lines, or of whole examples of an array."""
    path = Path(source)
    if path.suffix.lower() == ".npy" and path.is_file():
        return feed if _array(path).ndim != 2 else feed.of_lines()
    return feed.of_lines()


def rows_of(source: str | Path, spec: Spec, feed: Feed, *, crops: bool = False) -> Iterator[Batch]:
    """Yield the rows of a source in batches, as soon as they can be read.

    Args:
        source: Path of a CSV file, of lines of JSON, of lines of text, of a `.npy` file, of an image, or of a
            folder of images; `"-"` for lines on the standard input.
        spec: Spec of the examples.
        feed: Feed of the rows.
        crops: Whether the examples are crops of images. An image of another size is then cut into crops that
            do not overlap, as in training; other images are resized. Defaults to False.

    Yields:
        Names of rows, their numbers from 0 or the names of their files, and the raw examples; or what cannot
        be read. The name of a crop tells its first pixel, too: `a.png at 0,16`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If nothing can be read, for example because a column is missing.
    """
    if source == PIPE:
        return _of_lines(sys.stdin.fileno(), "", feed)
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"Expected a file or a folder of images at {path}, found none.")
    if path.suffix.lower() == ".npy":
        return _of_array(path, feed)
    if holds_images(path):
        return _of_images(path, spec, crops=crops)
    return _of_file(path, feed)


def _of_file(path: Path, feed: Feed) -> Iterator[Batch]:
    with path.open("rb", buffering=0) as file:
        yield from _of_lines(file.fileno(), path.suffix.lower(), feed)


def _of_lines(descriptor: int, suffix: str, feed: Feed) -> Iterator[Batch]:
    records: Records | None = None
    count = 0
    for lines in lines_as_they_come(descriptor):
        if records is None:
            lines[0] = lines[0].removeprefix(_BOM)
            plain = TextRecords if feed.is_line else CsvRecords
            found = JsonRecords if lines[0].lstrip().startswith(_JSON) else plain
            records = _RECORDS.get(suffix, found)(feed)
        for batch in _batches(records, records.read(map(_decoded, lines)), count):
            count += len(batch[0]) if isinstance(batch, tuple) else 1
            yield batch
    if records is not None:
        yield from _batches(records, records.end(), count)


def _batches(records: Records, rows: Iterator[tuple[int, Any]], count: int) -> Iterator[Batch]:
    """Yield rows as one batch up to a row that cannot be read, then that row, and so on."""
    good: list[tuple[int, Any]] = []

    def flush() -> Iterator[Batch]:
        nonlocal count
        if not good:
            return
        waiting, good[:] = [*good], []
        try:
            raw = records.raw([row for _, row in waiting])
            records.feed(raw)
        except (ValueError, TypeError, OverflowError) as error:
            if len(waiting) == 1:
                count += 1
                yield UnreadableError(f"line {waiting[0][0]}", str(error))
                return
            half = len(waiting) // 2
            for part in (waiting[:half], waiting[half:]):
                good[:] = part
                yield from flush()
            return
        names = [str(count + i) for i in range(len(waiting))]
        count += len(waiting)
        yield names, raw

    for line, row in rows:
        if isinstance(row, ValueError):
            yield from flush()
            count += 1
            yield UnreadableError(f"line {line}", str(row))
        else:
            good.append((line, row))
    yield from flush()


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _of_array(path: Path, feed: Feed) -> Iterator[Batch]:
    array = _array(path)
    for start in range(0, len(array), _ROWS):
        part = feed.of_array(np.array(array[start : start + _ROWS]))
        names = [str(start + i) for i in range(len(part))]
        try:
            feed.check(part)
        except ValueError as error:
            raise ValueError(f"{error} In {path}, rows {names[0]} to {names[-1]}.") from None
        yield names, part


def _array(path: Path) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"Expected an array in {path}, received a damaged file ({error}).") from None
    return array


def _of_images(path: Path, spec: Spec, *, crops: bool) -> Iterator[Batch]:
    for one in images_in(path, (None, None, *spec.shape[2:]) if crops else spec.shape, spec.dtype):
        if isinstance(one, UnreadableError):
            yield one
            continue
        name, image = one
        if image.shape == spec.shape or not crops:
            yield [name], image[None]
            continue
        corners = separate(image.shape, spec.shape)
        names = iter([f"{name} at {row},{column}" for row, column in corners])
        for raw in cut(image, corners, spec.shape):
            yield [next(names) for _ in raw], raw
