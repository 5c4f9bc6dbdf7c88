"""Text: categories, whose entries are their values."""

import dataclasses
from typing import Any, ClassVar

import pyarrow as pa

from kerasae.notations._base import Notation


@dataclasses.dataclass(frozen=True, kw_only=True)
class Text(Notation):
    """Entries that are their own values."""

    kind: ClassVar[str] = "category"

    def _parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        return texts

    def _text(self, value: Any) -> str:
        return str(value)
