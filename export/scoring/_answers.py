"""answered: the answers to the rows of a source, one by one as they come."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerasae.export.scoring._batches import UnreadableError
from kerasae.export.scoring._images import holds_images, images_in
from kerasae.export.scoring._photographs import Photographs
from kerasae.export.scoring._sources import PIPE, reader_of, rows_of
from kerasae.export.scoring.scorer import Scorer
from kerasae.export.scoring.streams import Stream

from kerasae.remote import fetched


def answered(source: str | Path, scorer: Scorer) -> Iterator[tuple[str, dict[str, Any]] | UnreadableError]:
    """Yield the name of each row of a source with its answer, or the row that cannot be read.

    A row of a sensor log is one reading of all channels, and is answered for the window that it ends. If the
    model was trained on crops of images, an image of any size is answered by its oddest crop.

    Args:
        source: Rows, as `rows_of` takes them, or an address of them.
        scorer: File that answers.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If nothing can be read.
    """
    here = PIPE if source == PIPE else fetched(source)
    if scorer.crops and holds_images(Path(here)):
        yield from _of_photographs(Path(here), scorer)
        return
    reader = reader_of(here, scorer.feed)
    stream = None if reader is scorer.feed else Stream(scorer)
    for batch in rows_of(here, scorer.spec, reader if stream is None else stream.feed):
        if isinstance(batch, UnreadableError):
            yield batch
            continue
        names, raw = batch
        answers = scorer.answers(raw) if stream is None else map(stream.answer, raw)
        yield from zip(names, answers, strict=True)


def _of_photographs(path: Path, scorer: Scorer) -> Iterator[tuple[str, dict[str, Any]] | UnreadableError]:
    photographs = Photographs(scorer)
    for one in images_in(path, (None, None, scorer.spec.shape[2]), scorer.spec.dtype):
        yield one if isinstance(one, UnreadableError) else (one[0], photographs.answer(one[1]))
