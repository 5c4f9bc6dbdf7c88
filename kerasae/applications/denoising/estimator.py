"""Denoising: clean examples from noisy ones."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from kerasae import registry
from kerasae.applications._base import Application, Finding, row_names
from kerasae.applications._pictures import MODES, grid, raw_range
from kerasae.applications.denoising._fidelity import HIGHEST_PSNR, ImageFidelity, NumberFidelity, window_of
from kerasae.applications.denoising._files import CleanFiles, resized
from kerasae.applications.denoising._truth import Pairs, check_noise, read_clean
from kerasae.codec import Codec
from kerasae.corruptions import Corruption
from kerasae.data import Data
from kerasae.kinds import kind_of, take
from kerasae.metrics import RowSums
from kerasae.preprocessing import named_by_text
from kerasae.preprocessing.identity import Identity
from kerasae.report import as_text, figures
from kerasae.report.page import Listing, Picture
from kerasae.report.paired import Paired

#: Number of examples on the page.
_SHOWN = 10


class Denoising(Application):
    """Clean examples from noisy ones, and their distance to the truth where it is known.

    The examples are the noisy ones. The reconstruction of the model is the clean example: noise that the code
    cannot represent is removed.

    For images the report writes a folder `clean` with a PNG for each image, under its own name and in the
    size of the model, to which the source resizes all images. It also writes `clean.npy` if they come from an
    array. For vectors it writes `clean.npy`, for tables `clean.csv`. A missing entry of a table stays missing
    (the application imputation fills it), and a category unknown to the model becomes a known one. Texts are
    not supported: the reconstruction of a text contains other words, and a corrected word cannot be told from
    a lost one.

    Args:
        codec: Codec that maps raw examples to codes and back.
        clean: Path to the clean examples, in the order of the noisy ones, or images with the same names. The
            report then measures the distance to them before and after. Defaults to `None`: no clean examples
            are known.
        noise: Name of a corruption, in place of `clean`: `gaussian`, `masking`, `salt_and_pepper` or `swap`.
            It is added to the examples, which then count as the clean ones. `masking` is not for tables.
            Defaults to `None`: no noise is added.
        level: Strength of the noise, in its own unit, of `x`. Defaults to `None`: the default of the
            corruption is used.
        seed: Seed of the noise. Defaults to 0.

    Raises:
        ValueError: If `clean` and `noise` are both set, `level` is set without `noise`, the noise is unknown,
            or the clean examples do not match.

    Example:
        >>> clean = Denoising(model).fit(data).transform(noisy)

    Reference: Vincent et al. 2010, JMLR 11; Wang et al. 2004, IEEE TIP 13(4) (SSIM).
    """

    kinds = ("image", "vector", "table")
    decisive = ("PSNR after", "error after")

    def __init__(
        self,
        codec: Codec,
        *,
        clean: str | None = None,
        noise: str | None = None,
        level: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(codec)
        if clean is not None and noise is not None:
            raise ValueError(
                f"`clean` and `noise` exclude each other, received {clean!r} and {noise!r}: examples are "
                "either noisy already or spoiled here."
            )
        if level is not None and noise is None:
            raise ValueError(f"`level` needs a `noise`, received {level} and none.")
        settings = {} if noise is None else {"name": noise} | ({} if level is None else {"level": level})
        self._noise: Corruption | None = registry.get("corruption", settings) if settings else None
        self.clean = clean
        self.noise = noise
        self.level = level
        self.seed = seed

    def fit(self, data: Data) -> Self:
        """Check the noise against the data; only the codec is fitted."""
        if self._noise is not None and self.noise is not None:
            check_noise(self._noise, self.noise, data)
        return self

    def transform(self, raw: Any) -> Any:
        """Return the clean versions of noisy raw examples, `(rows, ...)`, with the same type."""
        clean: Any = self.codec.inverse_transform(self.codec.transform(raw))
        if not isinstance(raw, pd.DataFrame):
            return clean
        missing = named_by_text(raw)[list(clean.columns)].isna().to_numpy()
        return clean.set_axis(raw.index).mask(missing) if missing.any() else clean.set_axis(raw.index)

    def report(self, data: Data, out: Path | None) -> Finding:
        truth = None if self.clean is None else read_clean(self.clean, data)
        view = Identity(data.spec) if data.preprocessor is None else data.preprocessor
        pairs = Pairs(data, truth, self._noise, view, self.seed)
        black, white = raw_range(data) if kind_of(data.spec).is_picture else (0.0, 1.0)
        fidelity = self._fidelity(data, black, white, filters=out is not None)
        files = None if out is None else CleanFiles(out, data, black, white)
        codes = _codes(data)
        squares = count = 0.0
        shown: list[Any] = []
        for noisy, target in pairs:
            clean = self.transform(noisy)
            if files is not None:
                files.add(clean)
            if not shown:
                shown = [take(one, slice(_SHOWN)) for one in (noisy, clean, target) if one is not None]
            before, after = view.to_x(noisy), view.to_x(clean)
            step = np.square(after - before, dtype="float64")
            step = step[:, ~codes] if codes is not None else step
            squares += float(np.nansum(step))
            count += float((~np.isnan(step)).sum())
            if target is not None:
                images = isinstance(fidelity, ImageFidelity)
                known = (noisy, clean, target) if images else (before, after, view.to_x(_plain(target, view)))
                fidelity.add(*known)
        if files is not None:
            files.close()
        known_truth = self.clean is not None or self._noise is not None
        measured: dict[str, Any] = fidelity.figures() if known_truth else {}
        rows = fidelity.rows() if known_truth else {}
        measured["change (RMS)"] = float(np.sqrt(squares / count)) if count else None
        lower = {name: "PSNR" not in name and "SSIM" not in name for name in measured if "after" in name}
        return Finding.of_headings(
            measured,
            lower,
            sentences=self._sentences(rows, lower, fidelity, data) if out is not None else (),
            pictures=_pictures(shown, data, black, white) if out is not None else (),
            listings=_listings(shown, data) if out is not None and data.spec.columns else (),
            notes=self._notes(data, known_truth),
            rows=rows,
            decisive=self.decisive,
        )

    def _fidelity(
        self, data: Data, black: float, white: float, filters: bool
    ) -> "ImageFidelity | NumberFidelity":
        if kind_of(data.spec).is_picture:
            return ImageFidelity(black, white, filters)
        return NumberFidelity(_codes(data))

    def _sentences(
        self,
        rows: Mapping[str, Sequence[RowSums]],
        lower: Mapping[str, bool],
        fidelity: "ImageFidelity | NumberFidelity",
        data: Data,
    ) -> list[tuple[bool, str]]:
        sentences = []
        for name in [heading for heading in rows if "after" in heading]:
            paired = Paired.of(rows[name], rows[name.replace("after", "before")], lower[name])
            if paired is not None:
                words = f"{_heading(name)}: {paired.words('before', _form(name))}"
                hint = "; a model trained on such noise, or another size of code, may do better"
                sentences.append((paired.better, f"{words}{'' if paired.better else hint}."))
        if isinstance(fidelity, ImageFidelity) and (best := fidelity.best_filter()) is not None:
            filtered, theirs = best
            name = "PSNR after (dB)"
            if (paired := Paired.of(rows[name], [theirs], lower[name])) is not None:
                words = paired.words(f"with {filtered}, which has learnt nothing", _form(name))
                sentences.append((paired.better, f"{_heading(name)}: {words}."))
        if not rows:
            sentences.append(
                (
                    False,
                    "How good this is cannot be said without the truth: `clean` names a path to it, "
                    "`noise` spoils clean examples to find out.",
                )
            )
        if count := resized(data):
            height, width = data.spec.shape[:2]
            sentences.append(
                (
                    False,
                    f"{count:,} of {len(data.test):,} images had another size; the clean ones have the "
                    f"model's, {height} x {width}.",
                )
            )
        return sentences

    def _notes(self, data: Data, known_truth: bool) -> list[str]:
        notes = ["Change: root of the mean squared step from noisy to clean, in x, over the numbers."]
        if not known_truth:
            return notes
        if self._noise is not None:
            notes.append(
                f"The examples were spoiled with {self.noise} noise of level {self._noise.level:g} in x "
                f"(seed {self.seed}), rounded and kept in range as their type asks, alike for all codecs."
            )
        if kind_of(data.spec).is_picture:
            notes.append(
                f"PSNR: mean over the images, those equal to the truth counting {HIGHEST_PSNR:g} dB. "
                f"SSIM: mean over the images, a window of {window_of(data.spec.shape[:2])} pixels (Wang et "
                "al. 2004). Both of the clean images as they are written."
            )
        else:
            notes.append(
                "Error: mean squared error in x over the numbers; entries that are missing do not count."
            )
        return notes


def _heading(name: str) -> str:
    """Return the heading of a figure as the beginning of a sentence, without its unit."""
    name = name.removesuffix(" (dB)")
    return f"{name[:1].upper()}{name[1:]} cleaning"


def _form(name: str) -> Callable[[Any], str]:
    """Return a function that formats a figure with its unit."""
    return (lambda value: f"{as_text(value)} dB") if name.endswith("(dB)") else as_text


def _codes(data: Data) -> np.ndarray | None:
    """Return which columns of a table hold codes, or `None` for other data."""
    if not data.spec.columns:
        return None
    return np.array([not column.is_numeric for column in data.spec.features])


def _plain(raw: Any, view: Any) -> Any:
    """Return a table without columns that the model does not know, such as labels in the clean file."""
    if not hasattr(raw, "columns"):
        return raw
    known = [column.name for column in view.spec.columns]
    return raw[[name for name in raw.columns if str(name) in known]]


def _pictures(shown: list[Any], data: Data, black: float, white: float) -> list[Picture]:
    if data.spec.columns or (kind_of(data.spec).is_picture and data.spec.shape[-1] not in (*MODES, 2)):
        return []
    names = ("noisy", "clean", "truth")[: len(shown)]
    caption = "The first examples as they came and as they are written" + (
        ", and the truth." if len(shown) == 3 else "."
    )
    if kind_of(data.spec).is_picture:
        return [Picture("Noisy and clean", caption, grid(list(zip(names, shown, strict=True)), black, white))]
    rows = [data.to_x(examples) for examples in shown]
    drawn = figures.reconstructions(
        rows[-1] if len(shown) == 3 else rows[0], dict(zip(names, rows, strict=True))
    )
    caption += " `original` is the " + ("truth." if len(shown) == 3 else "noisy one.")
    return [Picture("Noisy and clean", caption, drawn)]


def _listings(shown: list[Any], data: Data) -> list[Listing]:
    columns = list(shown[1].columns)[:12]
    names = row_names(data, 4)
    rows = []
    for position, row in enumerate(names):
        for word, frame in zip(("noisy", "clean", "truth"), shown, strict=False):
            values = [as_text(frame.iloc[position][name]) for name in columns]
            rows.append([row if word == "noisy" else f" {word}", *values])
    return [Listing("Noisy and clean", "The first rows as they came and as written.", ["", *columns], rows)]
