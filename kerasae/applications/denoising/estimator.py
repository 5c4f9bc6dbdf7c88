"""Denoising: clean examples from noisy ones."""

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from kerasae import registry
from kerasae.applications._any_size import (
    at_shape_of,
    has_another_size,
    in_strips,
    remade,
    with_whole_images,
)
from kerasae.applications._base import Application, Finding
from kerasae.applications._pictures import raw_range
from kerasae.applications.denoising._fidelity import Fidelity
from kerasae.applications.denoising._files import CleanFiles
from kerasae.applications.denoising._image_fidelity import ImageFidelity
from kerasae.applications.denoising._number_fidelity import NumberFidelity
from kerasae.applications.denoising._page import Shown, listings, notes, pictures, sentences
from kerasae.applications.denoising._truth import Pairs, check_noise, read_clean
from kerasae.codec import Codec
from kerasae.corruptions import Corruption
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics import Metric
from kerasae.preprocessing import named_by_text
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec


class Denoising(Application):
    """Clean examples from noisy ones, and their distance to the truth where it is known.

    The examples are the noisy ones. The reconstruction of the model is the clean example: noise that the code
    cannot represent is removed.

    For images the report writes a folder `clean` with a PNG for each image, under its own name. The source
    `images` resizes all of them to the size of the model. The source `photos` keeps their sizes: each image
    is cleaned whole, a large one in parts whose seams cannot be seen, and the clean one is as large. If
    `photos` knows noisy versions of the images, these are cleaned. The report also writes `clean.npy` if the
    images come from an array. For vectors it writes `clean.npy`, for tables `clean.csv`. A missing entry of
    a table stays missing (the application imputation fills it), and a category unknown to the model becomes a
    known one. Texts are not supported: the reconstruction of a text contains other words, and a corrected
    word cannot be told from a lost one.

    `kerasae apply` stores the application in the run; a later use with new examples does not read the
    training data. The arguments belong to the examples, so they are not stored.

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
        >>> from kerasae.applications import Denoising
        >>> clean = Denoising(model).fit(data).transform(noisy)

    Reference: Vincent et al. 2010, JMLR 11; Wang et al. 2004, IEEE TIP 13(4) (SSIM).
    """

    spec_: Spec

    needs_numbers: ClassVar[bool] = True
    only_reported: ClassVar[tuple[str, ...]] = ("clean", "noise", "level", "seed")

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
        """Check the noise against the data, and keep the range of images; only the codec is fitted."""
        self.spec_ = data.spec
        self._check()
        self._range = raw_range(data) if kind_of(data.spec).is_picture else (0.0, 1.0)
        return self

    def _check(self) -> None:
        if self._noise is not None and self.noise is not None:
            check_noise(self._noise, self.noise, self.spec_)

    def transform(self, raw: Any) -> Any:
        """Return the clean versions of noisy raw examples, `(rows, ...)`, with the same type.

        Images may have another size than those of the training: `(rows, height, width, channels)`.
        """
        if has_another_size(raw, self.spec_):
            return remade(self.codec, raw, self.spec_)
        clean: Any = self.codec.inverse_transform(self.codec.transform(raw))
        if not isinstance(raw, pd.DataFrame):
            return clean
        missing = named_by_text(raw)[list(clean.columns)].isna().to_numpy()
        return clean.set_axis(raw.index).mask(missing) if missing.any() else clean.set_axis(raw.index)

    # Reporting -----------------------------------------------------------------------------------

    def taken(self, data: Data) -> Data:
        """Return data whose test split holds images whole, if its rows are crops of images."""
        return with_whole_images(data)

    def report(self, data: Data, out: Path | None) -> Finding:
        data = self.taken(data)
        truth = None if self.clean is None else read_clean(self.clean, data)
        view = Identity(data.spec) if data.preprocessor is None else data.preprocessor
        fidelity = self._fidelity(data, filters=out is not None)
        files = None if out is None else CleanFiles(out, data, *self._range)
        squares = count = 0.0
        shown = Shown(data)
        pairs = Pairs(data, truth, self._noise, view, self.seed)
        for noisy, target in pairs:
            clean = self.transform(noisy)
            if files is not None:
                files.add(clean)
            shown.add([one for one in (noisy, clean, target) if one is not None])
            for part, cleaned in in_strips(noisy, clean, data.spec):
                before, after = (at_shape_of(view, part).to_x(one) for one in (part, cleaned))
                step = np.square(after - before, dtype="float64")
                step = step if self._codes is None else step[:, ~self._codes]
                squares += float(np.nansum(step))
                count += float((~np.isnan(step)).sum())
            if target is not None:
                if fidelity.in_x:
                    fidelity.add(before, after, view.to_x(_plain(target, view)))
                else:
                    fidelity.add(noisy, clean, target)
        if files is not None:
            files.close()
        changes = fidelity.changes() if pairs.are_known else []
        metrics = [metric for change in changes for metric in (change.before, change.after)]
        metrics.append(Metric("change", "change (RMS)", float(np.sqrt(squares / count)) if count else None))
        return Finding(
            metrics,
            fidelity.decisive if changes else "",
            sentences(changes, fidelity.best_filter(), data) if out is not None else (),
            pictures(shown.examples, data, *self._range) if out is not None else (),
            listings(shown.examples, data) if out is not None else (),
            notes(data.spec, bool(changes), self._spoiled()),
        )

    def _fidelity(self, data: Data, filters: bool) -> Fidelity:
        if kind_of(self.spec_).is_picture:
            return ImageFidelity(*self._range, filters)
        return NumberFidelity(self._codes, data.test.block)

    @property
    def _codes(self) -> np.ndarray | None:
        """Whether each column of a table holds codes; `None` for other data."""
        return kind_of(self.spec_).is_code if self.spec_.columns else None

    def _spoiled(self) -> str:
        if self._noise is None:
            return ""
        return (
            f"The examples were spoiled with {self.noise} noise of level {self._noise.level:g} in x "
            f"(seed {self.seed}), rounded and kept in range as their type asks, alike for all codecs."
        )

    # Storage -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"range": self._range}

    def set_state(self, state: dict[str, Any]) -> None:
        self._check()
        low, high = state["range"]
        self._range = low, high


def _plain(raw: Any, view: Any) -> Any:
    """Return a table without columns that the model does not know, such as labels in the clean file."""
    if not hasattr(raw, "columns"):
        return raw
    known = [column.name for column in view.spec.columns]
    return raw[[name for name in raw.columns if str(name) in known]]
