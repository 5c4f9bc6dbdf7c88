"""Readers of tables and texts."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from fuzzing.reader import Reader


class Csv(Reader):
    """Tables as CSV."""

    file = "input.csv"

    def sound(self) -> Iterable[bytes]:
        names = ("number", "whole", "yes", "day", "moment", "kind", "price", "gap")
        rows = [
            (
                f"{0.5 * n - 3:.2f}",
                n,
                n % 3 == 0,
                f"2024-01-{n + 1:02}",
                f"2024-01-01 {n:02}:00:00",
                "abc"[n % 3],
                f"$1,{n:03}.50",
                "" if n % 4 else n,
            )
            for n in range(14)
        ]
        for mark, quote in ((",", '"'), (";", ""), ("\t", "")):
            lines = [mark.join(f"{quote}{cell}{quote}" for cell in row) for row in (names, *rows)]
            yield "\n".join([*lines, ""]).encode()
        yield ("\ufeff" + "\r\n".join(f"{n},{n % 2},é{n}" for n in range(14))).encode()
        yield b"a,b\n" + b"".join(b'"x ""y"" %d", 3\n' % n for n in range(14))

    def __call__(self, path: Path) -> None:
        from kerasae.data.tables import tables

        tables(str(path), on_error="skip" if path.stat().st_size % 2 else "raise")


class Text(Reader):
    """Texts, one a line."""

    file = "input.txt"

    def sound(self) -> Iterable[bytes]:
        yield "\n".join(f"a line with {n} words and a mark – {n % 3}" for n in range(12)).encode()
        yield "\ufeff".encode() + b"\r\n".join(b"x" * n for n in range(1, 12))

    def __call__(self, path: Path) -> None:
        from kerasae.data.text import text

        text(str(path), on_error="skip" if path.stat().st_size % 2 else "raise")


class Parquet(Csv):
    """Tables as Parquet."""

    file = "input.parquet"

    def sound(self) -> Iterable[bytes]:
        frame = pd.DataFrame(
            {
                "n": np.arange(14.0),
                "i": np.arange(14),
                "k": [*"abcdefg", *"abcdefg"],
                "d": pd.date_range("2024", periods=14),
                "b": np.arange(14) % 2 == 0,
            }
        )
        for table, packed in ((frame, "snappy"), (frame, None), (frame.set_index("k"), None)):
            file = io.BytesIO()
            table.to_parquet(file, compression=packed)
            yield file.getvalue()
