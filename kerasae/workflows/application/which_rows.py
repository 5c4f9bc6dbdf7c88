"""Sentences on the rows of an application: the test split, or rows that the model was trained on."""

from pathlib import Path

from kerasae.data import Data, Mark, parse_source
from kerasae.files import checksum
from kerasae.remote import copied
from kerasae.runs import Run


def of_the_test_split(data: Data, count: int, unit: str) -> tuple[bool, str]:
    """Say that the examples are the test split, and how many of the rows that is.

    Args:
        data: Data with the test split.
        count: Number of examples.
        unit: Word for an example, `"row"`, or `"image"` if the rows of the splits are parts of images.
    """
    if unit != "row":
        words = f"These are the {count:,} {unit}s of the test split of {data.name}"
        return True, f"{words}; name EXAMPLES to work on other {unit}s."
    total = sum(data.rows.values())
    counted = getattr(data.test, "counted", "rows")
    return (
        True,
        f"These are the {count:,} {counted} of the test split, of {total:,} {counted} of {data.name}; name "
        f"EXAMPLES to work on all {counted} of another file.",
    )


def seen_before(run: Run, source: str, count: int, counted: str) -> list[tuple[bool, str]]:
    """Warn if the examples are the training data, or a file that has grown since; otherwise return nothing.

    Args:
        run: Trained run.
        source: Source that the user named.
        count: Number of examples.
        counted: Word for the examples, `"rows"`, `"crops"` or, if the rows of the splits are parts of them,
            `"images"`.
    """
    grown = begins_with_training(run, source)
    if not grown and not _is_of_training(run, source):
        return []
    whole = getattr(run.data.train, "whole", None) if counted == "images" else None
    counts = run.source.rows if run.source is not None else {}
    trained = counts.get("train", 0)
    if whole is not None:
        # The source counts their crops.
        trained = len(whole())
    elif not run.recipe.train.get("hold_out", True):
        trained += counts.get("validation", 0)
    held = "begins with what" if grown else "is what"
    share = f"{trained:,} of these {count:,}" if trained else "most of these"
    return [
        (
            False,
            f"{source} {held} the model was trained on: it has seen {share} {counted}, so they look better "
            f"than new {counted}, and nothing that is promised of new {counted} holds for them; leave "
            "EXAMPLES out to work on the test split alone.",
        )
    ]


def without_unseen(data: Data) -> list[tuple[bool, str]]:
    """Warn if the model was trained on all rows that could choose settings or calibrate statements."""
    if not len(data.train) or len(data.validation) or len(data.calibration) > 1:
        return []
    return [
        (
            False,
            "This run was trained on all rows but the test split: settings are chosen on rows that were "
            "trained on, and nothing is promised of new rows; train again, with --set data.calibration=0.1 "
            "or more.",
        )
    ]


def begins_with_training(run: Run, source: str) -> bool:
    """Return whether a file begins with the training data and has more rows after them."""
    path = copied(source)
    pinned = run.source.files.get("path") if run.source is not None else None
    if pinned is None or not path.is_file() or path.stat().st_size <= pinned.bytes:
        return False
    return checksum(path, pinned.bytes) == pinned.sha256


def _is_of_training(run: Run, source: str) -> bool:
    """Return whether a source is that of the training, by content, or by name if it is not a file."""
    path, section = copied(source), run.recipe.data
    if not path.exists():
        return parse_source(source).items() <= section.items()
    pinned = run.source.files.get("path") if run.source is not None else None
    if pinned is None:
        written = Path(section.get("path", ""))
        return bool(section.get("path")) and written.exists() and path.samefile(written)
    # A checksum is slow, so sizes are compared first.
    return (path.is_dir() or path.stat().st_size == pinned.bytes) and Mark.of(path).same(pinned)
