"""Curves, pictures, listings and notes of a compression on the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.applications._base import row_names
from kerasae.applications.compression._bitstream import sizes
from kerasae.applications.compression._curves import Curve, Point
from kerasae.applications.compression._references import Photograph, RawSize
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics.measures import measures_of
from kerasae.report import figures
from kerasae.report.canvas import Canvas, legend_label
from kerasae.report.figures import colours
from kerasae.report.page import Listing, Picture
from kerasae.report.sheet import write_sheet
from kerasae.report.windows import windows

#: Number of examples on the page.
_SHOWN = 10


def bytes_by_part(packed: bytes) -> Listing:
    """List the bytes of the file by part."""
    rows = [[name, f"{count:,}"] for name, count in sizes(packed).items() if count]
    caption = "The frame holds version, fingerprint, shape and checksum."
    return Listing("Bytes of the file", caption, ("part", "bytes"), rows)


def without_loss(size: RawSize, rows: int) -> Listing:
    """List the size of the raw examples, and their size after compression without loss."""
    counts = {"raw": size.raw, "zstd, level 19, all rows in one stream": size.packed}
    shown = [[name, f"{count:,}", f"{8 * count / rows:.1f}"] for name, count in counts.items()]
    return Listing("Without any loss", "For comparison.", ("", "bytes", "bits per row"), shown)


def photograph_listing(photographs: Sequence[Photograph], data: Data) -> list[Listing]:
    """List the bits per pixel of JPEG and WebP; nothing without photographs."""
    if not photographs:
        return []
    pixels = data.spec.size / data.spec.shape[-1]
    rows = [
        [
            photo.form,
            str(photo.quality),
            f"{photo.error:.5f}",
            *(f"{bits / pixels:.3f}" for bits in (photo.rate, photo.alone, photo.without_headers)),
        ]
        for photo in photographs
    ]
    headings = ("", "quality", "error of the mosaic", "mosaic", "own files", "own files without headers")
    caption = (
        "Bits per pixel. The mosaic holds all images, each widened to whole blocks of 8 pixels, and its "
        "whole file counts; it is what the curve shows. Own files: the mean of up to 200 images, one a file; "
        "without headers: of these the bytes behind headers and tables alone, without which nothing can "
        "decode them."
    )
    return [Listing("JPEG and WebP (Pillow)", caption, headings, rows)]


def photograph_curves(photographs: Sequence[Photograph]) -> dict[str, list[Point]]:
    """Return the curves of JPEG and WebP, by name."""
    curves: dict[str, list[Point]] = {}
    for photo in photographs:
        curves.setdefault(photo.form, []).append(Point(photo.rate, {"error": photo.error}))
    return curves


def write_curves(path: Path, curves: Mapping[str, Curve], judged: Mapping[str, str]) -> None:
    """Write a row for each point of the curves, with the figures that have these headings by key."""
    rows = [
        {
            "codec": name,
            "bits per row": one.rate,
            **{heading: one.figures.get(key) for key, heading in judged.items()},
        }
        for name, points in curves.items()
        for one in points
    ]
    write_sheet(pd.DataFrame(rows), path)


def draw_curves(
    curves: Mapping[str, Curve], judged: Mapping[str, str], rate: float, here: Mapping[str, Any], rows: int
) -> Picture:
    """Draw a panel for each figure.

    Args:
        curves: Curves by name.
        judged: Heading of each figure, by key.
        rate: Bits per row of the file.
        here: Figures of the file, by key.
        rows: Number of rows of the curves.
    """
    figure = Canvas(figsize=(max(6.0, 4.6 * len(judged)), 3.8), dpi=110, layout="constrained")
    axes: Sequence[Any] = figure.subplots(1, len(judged), squeeze=False)[0]
    hues = colours(list(curves))
    for place, (key, heading) in zip(axes, judged.items(), strict=True):
        drawn: list[float] = []
        for name, points in curves.items():
            known = [(one.rate, one.figures[key]) for one in points if one.figures.get(key) is not None]
            if known:
                line: dict[str, Any] = {"label": legend_label(name), "color": hues[name]}
                place.plot(*zip(*known, strict=True), "o-", markersize=3, **line)
                drawn += [value for _, value in known]
        if here[key] is not None:
            place.plot([rate], [here[key]], "*", markersize=12, color="black", label="this file")
        if drawn and min(drawn) > 0:
            place.set_yscale("log")
            # The curve of PCA reaches zero loss, which would flatten all others.
            place.set_ylim(bottom=max(min(drawn), min(one.figures[key] for one in curves["model"]) / 10))
        place.set_xscale("log")
        place.set_xlabel("bits per row")
        place.set_ylabel(heading)
        place.grid(alpha=0.3, which="both")
        place.legend(fontsize=8)
    caption = f"Over {rows:,} rows, drawn where there are more; every byte of a file counts."
    return Picture("Rate and distortion", caption, figure)


def draw_examples(data: Data, codec: Codec, codes: np.ndarray, rounded: np.ndarray) -> list[Picture]:
    """Draw the first rows and their reconstructions; nothing for tables and texts.

    Args:
        data: Data whose test split holds the rows.
        codec: Codec that decodes.
        codes: Codes, `(rows, latent_dim)`.
        rounded: Codes from the file.
    """
    if not kind_of(data.spec).is_array:
        return []
    named = {"code not rounded": codes, "from the file": rounded}
    rebuilt = {name: np.asarray(codec.decode(part[:_SHOWN])) for name, part in named.items()}
    caption = "The first rows, what the model makes of their codes, and what came back from the file."
    raw = data.test.head(_SHOWN)
    if data.spec.channels:
        parts = {"original": raw, **{name: data.to_raw(x) for name, x in rebuilt.items()}}
        columns = [
            (row_name[-24:], {name: part[number] for name, part in parts.items()})
            for number, row_name in enumerate(row_names(data, len(raw)))
        ]
        caption += " Each channel over the steps, in raw units."
        return [Picture("Examples", caption, windows(columns, kind_of(data.spec).channel_names))]
    drawn = figures.reconstructions(data.to_x(raw), rebuilt)
    return [Picture("Examples", caption, drawn)]


def notes(data: Data, curves: Mapping[str, Curve]) -> list[str]:
    """Return notes on how the figures are computed.

    Args:
        data: Data with the rows.
        curves: Curves on the page, by name.
    """
    decoders = ["the model"]
    beside = []
    if len(data.train):
        decoders.append("the baselines")
        beside.append(" Baselines have the same quantiser and coder.")
    if any("up to" in name for name in curves):
        beside.append(" Of 'up to' so many components coarse steps leave all but the largest without bits.")
    if "JPEG" in curves or "WEBP" in curves:
        decoders.append("an image library")
    sentences = [
        *measures_of(data.spec).notes,
        f"Raw bytes are those of the examples {kind_of(data.spec).written_as}. Every byte of the file "
        "counts: steps, histograms, time stamps, fingerprint and checksum too. What decodes it does not: "
        f"{' or '.join(decoders)}.",
        f"Figures are of reconstructions before they are rounded to the raw type.{''.join(beside)}",
        "Standard errors of bits per row are over the rows (jackknife): a row takes the bits of its symbols "
        "in the file, and all rows share what the file needs besides. With some hundred rows they are up to "
        "a fifth too small, because other rows would also have other histograms.",
    ]
    if not len(data.train):
        sentences.append(
            "The curves of the baselines are left out, because they are fitted on the training rows; --refit "
            "reads them."
        )
    return sentences
