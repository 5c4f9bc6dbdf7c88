"""Pictures, tables, sentences and notes on clean examples."""

from collections.abc import Sequence
from typing import Any

from kerasae.applications._base import row_names
from kerasae.applications._pictures import MODES, grid
from kerasae.applications.denoising._fidelity import Change
from kerasae.applications.denoising._files import resized
from kerasae.applications.denoising._similarity import HIGHEST_PSNR, window_of
from kerasae.data import Data
from kerasae.data.photos import WholePhotos
from kerasae.kinds import kind_of, take
from kerasae.metrics import RowSums
from kerasae.report import as_text, figures
from kerasae.report.page import Listing, Picture
from kerasae.report.paired import Paired
from kerasae.report.windows import windows
from kerasae.spec import Spec

#: Number of windows of a log on the page.
_WINDOWS = 3
#: Number of examples on the page, of whole images, and pixels on a side of their parts that are shown.
_SHOWN, _WHOLE, _PART = 10, 4, 160


class Shown:
    """Examples for the page: the first ones, or the middles of the first images of any size.

    Args:
        data: Data whose test split is cleaned.

    Attributes:
        examples: Raw noisy examples, clean ones, and the truth if it is known.
    """

    def __init__(self, data: Data) -> None:
        self._whole = isinstance(data.test, WholePhotos)
        self.examples: list[Any] = []

    def add(self, examples: list[Any]) -> None:
        """Add a part of the examples: noisy, clean, and the truth if it is known."""
        if not self._whole:
            self.examples = self.examples or [take(one, slice(_SHOWN)) for one in examples]
            return
        self.examples = self.examples or [[] for _ in examples]
        for shown, images in zip(self.examples, examples, strict=True):
            if len(shown) < _WHOLE:
                rows, columns = ((length - min(length, _PART)) // 2 for length in images.shape[1:3])
                shown.append(images[0, rows : rows + _PART, columns : columns + _PART].copy())


def sentences(
    changes: Sequence[Change], filtered: tuple[str, RowSums] | None, data: Data
) -> list[tuple[bool, str]]:
    """Return sentences on what cleaning changed, each with whether it is good news.

    Args:
        changes: Measures before and after cleaning; none if the truth is unknown.
        filtered: Name of a filter that learns nothing and its first measure by example; `None` if there is
            none.
        data: Data whose test split was cleaned.
    """
    lines = [line for change in changes for line in _beside_before(change)]
    if filtered is not None:
        lines += _beside_filter(changes[0], *filtered)
    if not changes:
        lines.append(
            (
                False,
                "How good this is cannot be said without the truth: `clean` names a path to it, "
                "`noise` spoils clean examples to find out.",
            )
        )
    if count := resized(data):
        height, width = data.spec.shape[:2]
        lines.append(
            (
                False,
                f"{count:,} of {len(data.test):,} images had another size; the clean ones have the "
                f"model's, {height} x {width}.",
            )
        )
    return lines


def _beside_before(change: Change) -> list[tuple[bool, str]]:
    if not change.after.rows:
        return []
    paired = Paired.of(change.after.rows, change.before.rows, bool(change.after.lower))
    if paired is None:
        return []
    hint = "; a model trained on such noise, or another size of code, may do better"
    words = f"{change.name}: {paired.words('before', change.form)}{'' if paired.better else hint}."
    return [(paired.better, words)]


def _beside_filter(change: Change, name: str, theirs: RowSums) -> list[tuple[bool, str]]:
    paired = Paired.of(change.after.rows, [theirs], bool(change.after.lower))
    if paired is None:
        return []
    words = paired.words(f"with {name}, which has learnt nothing", change.form)
    return [(paired.better, f"{change.name}: {words}.")]


def notes(spec: Spec, known_truth: bool, spoiled: str = "") -> list[str]:
    """Return notes on how the metrics are computed.

    Args:
        spec: Description of the examples.
        known_truth: Whether the truth is known.
        spoiled: Sentence on the noise that was added. Defaults to none.
    """
    lines = ["Change: root of the mean squared step from noisy to clean, in x, over the numbers."]
    if not known_truth:
        return lines
    if spoiled:
        lines.append(spoiled)
    if kind_of(spec).is_picture:
        lines.append(
            f"PSNR: mean over the images, those equal to the truth counting {HIGHEST_PSNR:g} dB. "
            f"SSIM: mean over the images, a window of {window_of(spec.shape[:2])} pixels (Wang et "
            "al. 2004). Both of the clean images as they are written."
        )
    else:
        lines.append(
            "Error: mean squared error in x over the numbers; entries that are missing do not count."
        )
    return lines


def pictures(shown: list[Any], data: Data, black: float, white: float) -> list[Picture]:
    """Return a picture of the first examples: noisy, clean, and the truth if it is known.

    Args:
        shown: Raw noisy examples, clean ones, and the truth if it is known.
        data: Data of the examples.
        black: Raw value of black.
        white: Raw value of white.
    """
    if data.spec.columns or (kind_of(data.spec).is_picture and data.spec.shape[-1] not in (*MODES, 2)):
        return []
    names = ("noisy", "clean", "truth")[: len(shown)]
    caption = "The first examples as they came and as they are written" + (
        ", and the truth." if len(shown) == 3 else "."
    )
    if kind_of(data.spec).is_picture:
        cell = 0.75
        if isinstance(shown[0], list):
            caption, cell = f"The middle of the first images, in pixels of their own. {caption}", 1.8
        lines = list(zip(names, shown, strict=True))
        return [Picture("Noisy and clean", caption, grid(lines, black, white, cell=cell))]
    if data.spec.channels:
        columns = [
            (name[-24:], {part: examples[number] for part, examples in zip(names, shown, strict=True)})
            for number, name in enumerate(row_names(data, min(_WINDOWS, len(shown[0]))))
        ]
        drawn = windows(columns, kind_of(data.spec).channel_names)
        return [Picture("Noisy and clean", f"{caption} Each channel over the steps, in raw units.", drawn)]
    rows = [data.to_x(examples) for examples in shown]
    drawn = figures.reconstructions(
        rows[-1] if len(shown) == 3 else rows[0], dict(zip(names, rows, strict=True))
    )
    caption += " `original` is the " + ("truth." if len(shown) == 3 else "noisy one.")
    return [Picture("Noisy and clean", caption, drawn)]


def listings(shown: list[Any], data: Data) -> list[Listing]:
    """Return a table of the first rows: noisy, clean, and the truth if it is known."""
    if not data.spec.columns:
        return []
    columns = list(shown[1].columns)[:12]
    names = row_names(data, 4)
    rows = []
    for position, row in enumerate(names):
        for word, frame in zip(("noisy", "clean", "truth"), shown, strict=False):
            values = [as_text(frame.iloc[position][name]) for name in columns]
            rows.append([row if word == "noisy" else f" {word}", *values])
    return [Listing("Noisy and clean", "The first rows as they came and as written.", ["", *columns], rows)]
