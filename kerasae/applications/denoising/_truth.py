"""Noisy examples and the clean ones that belong to them: from a second path, or by spoiling."""

import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from keras import ops

from kerasae.corruptions import Corruption
from kerasae.data import Data, Examples, parse_source, read_examples
from kerasae.data.images import is_image
from kerasae.kinds import concatenate, take
from kerasae.preprocessing import Preprocessor


def read_clean(path: str, data: Data) -> Examples:
    """The clean examples of a path, a row for each of the test split of `data`, in its order.

    Files of images go by their names, without the ending; a single one needs no name in common. All
    others go by their order, and ids of a table, where both have them, must agree.

    Raises:
        ValueError: where a row has no partner.
    """
    section = {"name": "images"} if is_image(Path(path)) else parse_source(path)
    if section["name"] == "tables" and data.spec.columns:
        section["id"] = data.test.head(1).index.name
    _, clean = read_examples(path, section, data.spec)
    wanted, found = getattr(data.test, "names", None), getattr(clean, "names", None)
    if wanted is None or found is None or (len(wanted) == len(found) == 1):
        if len(clean) != len(data.test):
            raise ValueError(
                f"Expected a clean row for each of the {len(data.test)} examples in {path}, received "
                f"{len(clean)}."
            )
        return clean
    where = {_stem(name): number for number, name in enumerate(found)}
    lost = [os.fsdecode(name) for name in wanted if _stem(name) not in where]
    if lost:
        raise ValueError(
            f"Expected a clean image for each example in {path}, under its name; found none for {lost[0]}"
            + (f" and {len(lost) - 1} more." if len(lost) > 1 else ".")
        )
    return clean.rows([where[_stem(name)] for name in wanted])


def _stem(name: bytes) -> str:
    return str(PurePath(os.fsdecode(name)).with_suffix(""))


def in_step(one: Iterable[Any], other: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """The parts of one and as many rows of the other with each, whatever its own parts are.

    Raises:
        ValueError: for rows of a table whose ids differ.
    """
    source = iter(other)
    waiting: Any = None
    for part in one:
        while waiting is None or len(waiting) < len(part):
            more = next(source)
            waiting = more if waiting is None else concatenate([waiting, more])
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


def check_noise(noise: Corruption, name: str, data: Data) -> None:
    """Refuses a noise that has no meaning for examples that are cleaned.

    Raises:
        ValueError: for masking in a table, or noise for numbers where there are none.
    """
    if not data.spec.columns:
        return
    if name == "masking":
        raise ValueError(
            "`noise` must be gaussian, salt_and_pepper or swap for a table, received 'masking': missing "
            "entries are what the application imputation fills."
        )
    if noise.continuous and all(not column.is_numeric for column in data.spec.features):
        raise ValueError(
            f"`noise` must be swap for a table without numbers, received {name!r}, which is for numbers."
        )


def spoil(raw: Any, noise: Corruption, preprocessor: Preprocessor, seed: tuple[int, int]) -> Any:
    """Raw examples with noise, as raw examples of the same type.

    The noise is added in `x`, the units of its level; what comes back is rounded and kept in range as
    the raw type asks, as a camera or a file would.
    """
    x = preprocessor.to_x(raw)
    noise.suit(preprocessor)
    tensor = ops.convert_to_tensor(x)
    drawn = noise(tensor, seed=ops.convert_to_tensor(seed, dtype="int32"))
    noisy = ops.convert_to_numpy(preprocessor.mend(tensor, drawn, noise.continuous))
    if not preprocessor.spec.columns:
        return preprocessor.restore(noisy)
    restored = preprocessor.restore(np.nan_to_num(noisy))
    spoilt = raw[[column.name for column in preprocessor.spec.columns]].copy()
    for number, column in enumerate(preprocessor.spec.features):
        gone = np.isnan(noisy[:, number])
        changed = (noisy[:, number] != x[:, number]) & ~gone
        own = spoilt[column.name]
        own = own.where(~changed, restored[column.name].set_axis(own.index)) if changed.any() else own
        lost = gone & ~np.isnan(x[:, number])
        spoilt[column.name] = own.mask(lost) if lost.any() else own
    return spoilt


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Noisy raw examples of the test split, part by part, each with the clean ones or `None`.

    Args:
        data: whose test split.
        clean: the clean examples, row by row, or `None`.
        noise: with which the test split is spoiled, or `None`.
        preprocessor: between raw examples and the units of the noise.
        seed: of the noise.
    """

    data: Data
    clean: Examples | None
    noise: Corruption | None
    preprocessor: Preprocessor
    seed: int

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        chunks = self.data.test.chunks()
        if self.clean is not None:
            yield from in_step(chunks, self.clean.chunks())
            return
        for number, raw in enumerate(chunks):
            if self.noise is None:
                yield raw, None
            else:
                yield spoil(raw, self.noise, self.preprocessor, (self.seed, number)), raw
