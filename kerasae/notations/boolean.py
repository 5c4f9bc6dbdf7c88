"""Boolean: two words, such as yes and no."""

import dataclasses
from collections import Counter
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._base import Notation

#: Pairs of words for true and for false.
_PAIRS = (("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"), ("1", "0"))
_TRUE, _FALSE = (tuple(pair[side] for pair in _PAIRS) for side in (0, 1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Boolean(Notation):
    """Two words for true and false.

    Any of the usual words is read, in upper or lower case. 1.0 and 0.0 are read as 1 and 0.

    Args:
        true: Word that is written for true. Defaults to "True".
        false: Word that is written for false. Defaults to "False".
    """

    kind: ClassVar[str] = "boolean"

    true: str = "True"
    false: str = "False"

    @property
    def dressed(self) -> bool:
        return self.true not in ("True", "1")

    def _parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        # pandas writes 1.0 for 1 if the column has a gap.
        whole = pc.replace_substring_regex(texts, r"^([01])\.0+$", r"\1")
        lower = pc.utf8_lower(whole)
        known = pc.is_in(lower, pa.array([*_TRUE, *_FALSE]))
        return pc.if_else(known, pc.is_in(lower, pa.array(_TRUE)), pa.scalar(None, pa.bool_()))

    def _text(self, value: Any) -> str:
        return self.true if value else self.false

    def words(self) -> str:
        return f"{self.true} or {self.false}" if self.dressed else ""


def find_boolean(counts: Counter[str]) -> Boolean | None:
    """Return the notation of entries that are the words of one pair, or `None`.

    Letters are booleans only if both occur: a column of F alone may stand for women.

    Args:
        counts: Number of occurrences of each entry.
    """
    lower = {text.lower() for text in counts}
    for yes, no in _PAIRS[:-1]:
        if lower and lower <= {yes, no} and (len(yes) > 1 or lower == {yes, no}):
            written = {
                word: min((text for text in counts if text.lower() == word), key=lambda t: (-counts[t], t))
                for word in lower
            }
            example = next(iter(written.values()))
            for word in {yes, no} - lower:
                written[word] = _as(example, word)
            return Boolean(true=written[yes], false=written[no])
    return None


def _as(example: str, word: str) -> str:
    """Return a word in the case of another."""
    if example.isupper():
        return word.upper()
    return word.capitalize() if example[0].isupper() else word
