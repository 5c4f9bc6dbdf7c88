"""The reader of logs of sensors."""

import warnings
from collections.abc import Iterable
from pathlib import Path

from fuzzing.reader import Reader


class Log(Reader):
    """Logs as CSV, one with machines, one with offsets, and one with a mark for decimals."""

    file = "input.csv"

    def sound(self) -> Iterable[bytes]:
        def stamp(row: int) -> str:
            return f"2026-03-29 01:{row // 60:02}:{row % 60:02}"

        readings = [f"{0.5 * (row % 7):.2f},{'ERR' if row == 11 else row % 5}" for row in range(80)]
        rows = [f"{stamp(row)},{reading}" for row, reading in enumerate(readings)]
        yield "\n".join(["time,flow,level", *rows, ""]).encode()
        # Two rows are swapped, and one is missing.
        yield "\r\n".join(["time,flow,level", *rows[:30], rows[31], rows[30], *rows[33:]]).encode()
        zoned = [f"{stamp(row).replace(' ', 'T')}+01:00,{reading}" for row, reading in enumerate(readings)]
        yield "\n".join(["time,flow,level", *zoned]).encode()
        german = [row.replace(",", ";").replace(".", ",") for row in rows]
        yield ("\ufeff" + "\n".join(["time;flow;level", *german, ""])).encode()
        numbered = [f"{row},{reading}" for row, reading in enumerate(readings)]
        yield "\n".join(["time,flow,level", *numbered, ""]).encode()

    def __call__(self, path: Path) -> None:
        from kerasae.data.series import series

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            series(str(path), time="time", window=3, on_error="skip" if path.stat().st_size % 2 else "raise")
