"""Pairs of noisy and clean examples, from a second path or from added noise."""

import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

import numpy as np
from keras import ops

from kerasae.applications._any_size import at_shape_of, has_another_size
from kerasae.corruptions import Corruption
from kerasae.data import Data, Examples, parse_source, read_examples
from kerasae.data.images import is_image
from kerasae.data.photos import WholePhotos
from kerasae.kinds import concatenate, kind_of, take
from kerasae.preprocessing import Preprocessor
from kerasae.remote import fetched
from kerasae.spec import Spec

#: Values of a large image that get their noise at a time.
_VALUES = 2**22
#: Number between the seeds of two strips of an image, above the numbers of images.
_STRIDE = 1_000_003


def read_clean(path: str, data: Data) -> Examples:
    """Read the clean examples of a path, one for each row of the test split of `data`, in its order.

    Image files are matched by their names without the ending; a single one may have another name. All others
    are matched by order, and if both tables have ids, these must agree.

    Raises:
        ValueError: If a row has no partner.
    """
    section = {"name": "images"} if is_image(fetched(path)) else parse_source(path)
    section["name"] = kind_of(data.spec).source or section["name"]
    if isinstance(data.test, WholePhotos):
        section["name"] = "photos"
    if section["name"] == "tables" and data.spec.columns:
        section["id"] = data.test.head(1).index.name
    clean: Any = read_examples(path, section, data.spec)[1]
    if isinstance(data.test, WholePhotos):
        clean = clean.whole()
    wanted, names = getattr(data.test, "names", None), getattr(clean, "names", None)
    if wanted is None or names is None or (len(wanted) == len(names) == 1):
        if len(clean) != len(data.test):
            raise ValueError(
                f"Expected a clean row for each of the {len(data.test)} examples in {path}, received "
                f"{len(clean)}."
            )
        return clean
    where = {_stem(name): number for number, name in enumerate(names)}
    lost = [os.fsdecode(name) for name in wanted if _stem(name) not in where]
    if lost:
        raise ValueError(
            f"Expected a clean image for each example in {path}, under its name; found none for {lost[0]}"
            + (f" and {len(lost) - 1} more." if len(lost) > 1 else ".")
        )
    partners: Examples = clean.rows([where[_stem(name)] for name in wanted])
    return partners


def _stem(name: bytes) -> str:
    return str(PurePath(os.fsdecode(name)).with_suffix(""))


def in_step(one: Iterable[Any], other: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield the parts of the first examples, each with as many rows of the second ones.

    Raises:
        ValueError: If rows of a table have different ids.
    """
    source = iter(other)
    waiting: Any = None
    for part in one:
        while waiting is None or len(waiting) < len(part):
            more = next(source)
            # Whole images of several sizes come one at a time and are never put together.
            waiting = concatenate([waiting, more]) if waiting is not None and len(waiting) else more
        mine = take(waiting, slice(len(part)))
        _check_ids(part, mine)
        yield part, mine
        waiting = take(waiting, slice(len(part), None))


def _check_ids(noisy: Any, clean: Any) -> None:
    if not hasattr(noisy, "iloc") or noisy.index.name is None or clean.index.name is None:
        return
    differ = noisy.index.astype(str) != clean.index.astype(str)
    if differ.any():
        place = int(np.argmax(differ))
        raise ValueError(
            f"Expected the clean rows in the order of the examples, received {clean.index.name} "
            f"{clean.index[place]!r} where the examples have {noisy.index[place]!r}."
        )


def _check_shapes(noisy: Any, clean: Any) -> None:
    if isinstance(noisy, np.ndarray) and noisy.shape != clean.shape:
        raise ValueError(
            f"Expected a clean image of {' x '.join(map(str, noisy.shape[1:3]))} pixels, as the noisy one, "
            f"received {' x '.join(map(str, clean.shape[1:3]))}."
        )


def check_noise(noise: Corruption, name: str, spec: Spec) -> None:
    """Check that a noise is suitable for examples that are cleaned.

    Raises:
        ValueError: For masking in a table, or noise for numbers in a table without numbers.
    """
    if not spec.columns:
        return
    if name == "masking":
        raise ValueError(
            "`noise` must be gaussian, salt_and_pepper or swap for a table, received 'masking': missing "
            "entries are what the application imputation fills."
        )
    if noise.continuous and all(not column.is_numeric for column in spec.features):
        raise ValueError(
            f"`noise` must be swap for a table without numbers, received {name!r}, which is for numbers."
        )


def spoil(raw: Any, noise: Corruption, preprocessor: Preprocessor, seed: tuple[int, int]) -> Any:
    """Add noise to raw examples; the result has the same type.

    The noise is added in `x`, the unit of its level. The result is rounded and clipped to the range of the
    raw type, as by a camera or a file. Large images get it in strips, each with a draw of its own:
    a noise of random strength has another strength in each.
    """
    if has_another_size(raw, preprocessor.spec) and raw.size > _VALUES:
        noisy = np.empty_like(raw)
        rows = max(1, _VALUES // (raw.size // raw.shape[1]))
        for strip, start in enumerate(range(0, raw.shape[1], rows)):
            part = np.s_[:, start : start + rows]
            noisy[part] = spoil(raw[part], noise, preprocessor, (seed[0], seed[1] + _STRIDE * strip))
        return noisy
    preprocessor = at_shape_of(preprocessor, raw)
    x = preprocessor.to_x(raw)
    noise.suit(preprocessor)
    tensor = ops.convert_to_tensor(x)
    drawn = noise(tensor, seed=ops.convert_to_tensor(seed, dtype="int32"))
    noisy = ops.convert_to_numpy(preprocessor.mend(tensor, drawn, noise.continuous))
    if not preprocessor.spec.columns:
        return preprocessor.restore(noisy)
    restored = preprocessor.restore(np.nan_to_num(noisy))
    noisy_frame = raw[[column.name for column in preprocessor.spec.columns]].copy()
    for number, column in enumerate(preprocessor.spec.features):
        masked = np.isnan(noisy[:, number])
        changed = (noisy[:, number] != x[:, number]) & ~masked
        values = noisy_frame[column.name]
        values = (
            values.where(~changed, restored[column.name].set_axis(values.index)) if changed.any() else values
        )
        lost = masked & ~np.isnan(x[:, number])
        noisy_frame[column.name] = values.mask(lost) if lost.any() else values
    return noisy_frame


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Noisy raw examples of the test split, part by part, each with the clean ones or `None`.

    Args:
        data: Data with the test split.
        clean: Clean examples, row by row, or `None`.
        noise: Noise that is added to the test split, or `None`.
        preprocessor: Preprocessor between raw examples and the units of the noise.
        seed: Seed of the noise.
    """

    data: Data
    clean: Examples | None
    noise: Corruption | None
    preprocessor: Preprocessor
    seed: int

    @property
    def are_known(self) -> bool:
        """Whether the clean examples are known."""
        return self.clean is not None or self.noise is not None or self._come_in_pairs

    @property
    def _come_in_pairs(self) -> bool:
        """Whether the examples are clean ones whose noisy versions are known."""
        return getattr(self.data.test, "noisy", None) is not None

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        chunks = self.data.test.chunks()
        if self.clean is not None:
            for noisy, clean in in_step(chunks, self.clean.chunks()):
                _check_shapes(noisy, clean)
                yield noisy, clean
            return
        if self._come_in_pairs and self.noise is None:
            photos: Any = self.data.test
            yield from zip(photos.noisy_chunks(), chunks, strict=True)
            return
        for number, raw in enumerate(chunks):
            if self.noise is None:
                yield raw, None
            else:
                yield spoil(raw, self.noise, self.preprocessor, (self.seed, number)), raw
