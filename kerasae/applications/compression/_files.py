"""Compressed files as they are read, and what is written of their content."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.applications._log_files import LogFile
from kerasae.applications._pictures import MODES, pixels, save_png
from kerasae.codec import Codec
from kerasae.data.series.layout import windows_at
from kerasae.kinds import kind_of
from kerasae.preprocessing import as_written
from kerasae.report.sheet import write_table


def bytes_of(path: Path) -> bytes:
    """Return the bytes of a compressed file.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a file that `kerasae apply compression` wrote at {path}, found none."
        )
    return path.read_bytes()


def write_restored(raw: Any, codec: Codec, out: Path, layout: str = "") -> None:
    """Write decoded examples: a table, a log, texts, or an array and, for images, PNG files.

    Args:
        raw: Decoded examples.
        codec: Codec that decoded them.
        out: Folder for the files.
        layout: Where windows of a log lie in time, as `layout_of` says it. Defaults to none.
    """
    if isinstance(raw, pd.DataFrame):
        write_table(as_written(raw, codec.preprocessor.spec.columns), out / "restored.csv")
    elif layout:
        spec = codec.preprocessor.spec
        log = LogFile(out / "restored.csv", windows_at(layout, spec), spec)
        log.add(raw)
        log.close()
    elif raw.dtype == object:
        (out / "restored.txt").write_text("".join(f"{text}\n" for text in raw), encoding="utf-8")
    else:
        np.save(out / "restored.npy", raw)
        _write_images(raw, codec, out / "restored")


def _write_images(raw: np.ndarray, codec: Codec, folder: Path) -> None:
    spec: Any = getattr(codec.preprocessor, "spec", None)
    if spec is None or not kind_of(spec).is_picture or spec.high is None or spec.shape[-1] not in MODES:
        return
    for number, image in enumerate(pixels(raw, spec.low, spec.high)):
        save_png(folder / f"{number:06d}.png", image)
