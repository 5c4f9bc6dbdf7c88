"""score: rows of a file or a pipe, scored with an exported artifact, without TensorFlow."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from kerasae.calibration import check_rate
from kerasae.export.scoring import Scorer, UnreadableError, answered, find_file
from kerasae.precisions import Precision


def score(
    bundle: str | Path,
    source: str | Path,
    *,
    precision: Precision = "float32",
    false_alarms: float | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    skipped: Callable[[str], Any] = lambda message: None,
) -> Iterator[dict[str, Any]]:
    """Score rows with a file of a bundle for devices, one answer for each row as it comes.

    The file runs in LiteRT. TensorFlow and Keras are not imported. Rows are read in pieces, so the memory
    does not grow with their number.

    Args:
        bundle: Folder of a bundle, its address, such as `s3://bucket/ship`, or a `.tflite` file of one.
        source: Path of a CSV file, of lines of JSON (`.jsonl`), of lines of text, of a `.npy` file, of an
            image, or of a folder of images; `"-"` for lines of CSV, JSON or text on the standard input.
            Columns are found by name, in any order. An address may name the file or the folder.
        precision: Precision of the file. Defaults to `"float32"`.
        false_alarms: Share of new normal rows that may be flagged, in (0, 1), in place of that of the
            calibration. It needs at least `1 / false_alarms - 1` calibration rows. Defaults to `None`.
        on_error: Action for a row that cannot be read. `"raise"` ends with an error that names its line;
            `"skip"` calls `skipped` and goes on. Defaults to `"raise"`.
        skipped: Function that is called with a message for each row that is skipped. Defaults to one that
            does nothing.

    Yields:
        A dict for each row: `row`, its number from 0, as in `scores.csv` of `kerasae apply anomaly`, or the
        name of its file; `score`; and if the artifact has a detector `p_value`, `anomalous`, and `reasons`.
        A row of a sensor log is one reading of all channels. Its answer is that of `Stream.push`.
        An image file has one answer, too. If the model was trained on crops of images, it is that of
        `Photographs.answer`: the oddest of the crops that cover the image. Otherwise an image of another
        size is resized.

    Raises:
        FileNotFoundError: If there is no such bundle, precision or source.
        ValueError: If the bundle was changed, a column is missing, or a row cannot be read.

    Warns:
        UserWarning: For columns that the training did not have, which are ignored; for an image of more crops
            than the calibration suffices for.

    Example:
        >>> from kerasae.workflows import score
        >>> for answer in score("ship", "new.csv"):
        ...     if answer["anomalous"]:
        ...         print(answer["row"], answer["score"], answer["reasons"])
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"`on_error` must be 'raise' or 'skip', received {on_error!r}.")
    if false_alarms is not None:
        check_rate(false_alarms)
    scorer = Scorer(find_file(bundle, precision), false_alarms=false_alarms)
    for one in answered(source, scorer):
        if isinstance(one, UnreadableError):
            if on_error == "raise":
                raise one
            skipped(str(one))
            continue
        name, answer = one
        yield {"row": int(name) if name.isdigit() else name, **answer}
