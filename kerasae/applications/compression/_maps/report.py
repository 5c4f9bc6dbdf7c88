"""Report of a compression of images whole: figures, curves and pictures."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from kerasae.applications._any_size import with_whole_images
from kerasae.applications._base import Finding, file_names
from kerasae.applications._pictures import MODES, pixels, png_names, save_png
from kerasae.applications.compression._maps import reading
from kerasae.applications.compression._maps.curves import (
    BITS,
    MapPoint,
    block_curve,
    file_curve,
    model_curve,
    psnr,
)
from kerasae.applications.compression._maps.file import Maps
from kerasae.applications.compression._maps.images import restored, side
from kerasae.applications.compression._maps.words import FORMS, PCA, listing, notes, sentences
from kerasae.data import Data
from kerasae.metrics import Metric
from kerasae.report.canvas import Canvas
from kerasae.report.figures import colours
from kerasae.report.page import Listing, Picture
from kerasae.report.sheet import write_sheet

#: Number of images of the curves: each has to be decoded for each point.
_CURVES = 24
#: Bits of the points of the curves, each of which takes seconds.
_BITS = BITS[::2]


def images_of(data: Data) -> tuple[list[np.ndarray], list[str]]:
    """Return the raw images of the test split, whole where its rows are crops of images, and their names."""
    test: Any = with_whole_images(data).test
    return [image for chunk in test.chunks(256) for image in chunk], file_names(test)


def report(application: Any, data: Data, out: Path | None) -> Finding:
    """Compress the images of the test split, restore them from the file, and compare.

    Args:
        application: Fitted compression.
        data: Data whose test split holds the images.
        out: Folder for the files; `None` returns only figures.
    """
    # Images without a stated range have that of the training images, which may be gone.
    spec = application.spec_
    data = dataclasses.replace(data, spec=dataclasses.replace(data.spec, low=spec.low, high=spec.high))
    images, names = images_of(data)
    packed = application.compress(images, names)
    if out is not None:
        (out / "compressed.kae").write_bytes(packed)
    made = application.decompress(packed)
    count = sum(image.shape[0] * image.shape[1] for image in images)
    raw = sum(image.nbytes for image in images)
    ratio = float(np.mean([psnr(one, image, data) for one, image in zip(made, images, strict=True)]))
    # The baselines have another quality, and photographs in crops: the curves compare.
    metrics = [
        Metric("bytes", "bytes", len(packed)),
        Metric("bits_per_pixel", "bits per pixel", 8 * len(packed) / count),
        Metric("times_smaller", "times smaller", raw / len(packed)),
        Metric("psnr", "PSNR", ratio, lower=False),
    ]
    if out is None:
        return Finding(metrics, "bits_per_pixel")
    few = images[:: -(-len(images) // _CURVES)]
    model = application.codec
    curves: dict[str, list[MapPoint]] = {"model": model_curve(model, application._ranges, few, data, _BITS)}
    if len(data.train):
        pixels_a_side = side(model)
        curves[f"{PCA} of {pixels_a_side} x {pixels_a_side} blocks"] = block_curve(
            pixels_a_side, few, data, _BITS
        )
    curves |= {form: points for form in FORMS if (points := file_curve(form, few, data))}
    _write(out / "rate_distortion.csv", curves)
    words = f"{raw:,} bytes of {len(images):,} images became {len(packed):,}"
    return Finding(
        metrics,
        "bits_per_pixel",
        [
            (True, f"{words}, {raw / len(packed):.1f} times fewer; read from the file again."),
            *sentences(curves),
        ],
        [_drawn(curves, 8 * len(packed) / count, ratio, len(few))],
        [bytes_by_part(packed), listing(curves)],
        notes(model.count_params(), curves),
    )


def restore(application: Any, packed: bytes, source: Path, out: Path) -> Finding:
    """Restore the images of a file, write them, and say whether all of it was there.

    Args:
        application: Compression whose codec wrote the file.
        packed: Bytes of the file.
        source: Path of the file.
        out: Folder for the images.
    """
    model = application.codec
    maps = reading.read(packed, application._mark(), str(source), application.partial)
    images = restored(model, maps)
    write_restored(images, maps, model.spec, out)
    metrics = [
        Metric("rows", "images", len(images)),
        Metric("bytes", "bytes", len(packed)),
        Metric("channels", "share of the channels", maps.whole),
    ]
    is_whole = maps.whole == 1
    words = f"{source.name} was written by this model: {len(images):,} images came back"
    words += "." if is_whole else ", with less detail, because the file was cut."
    listings = [bytes_by_part(packed)] if reading.is_whole(packed) else []
    return Finding(metrics, "bytes", [(is_whole, words)], listings=listings)


def bytes_by_part(packed: bytes) -> Listing:
    """List the bytes of the file by part."""
    rows = [[name, f"{count:,}"] for name, count in reading.sizes(packed).items() if count]
    caption = "The frame holds version, fingerprint, shape, lengths of the layers and checksums."
    return Listing("Bytes of the file", caption, ("part", "bytes"), rows)


def write_restored(images: Sequence[np.ndarray], maps: Maps, data_spec: Any, out: Path) -> None:
    """Write images as PNG files, each in its own size, in the folders of their names.

    `restored.npz` holds the images as they are, in their order, if a PNG cannot: if they are no whole numbers
    of 8 or 16 bits with the range of their type, or have another number of channels.
    """
    low, high = data_spec.low, data_spec.high
    if low is None or high is None:
        low, high = min(float(image.min()) for image in images), max(float(image.max()) for image in images)
    is_drawn = data_spec.shape[-1] in MODES
    if not is_drawn or any(pixels(image, low, high) is not image for image in images):
        np.savez(out / "restored.npz", *images)
    if not is_drawn:
        return
    names = png_names(_unique(maps.names)) or [f"{number:06d}.png" for number in range(len(images))]
    for name, image in zip(names, images, strict=True):
        save_png(out / "restored" / name, pixels(image[None], low, high)[0])


def _unique(names: Sequence[str]) -> list[str]:
    """Return names as paths below a folder, each once."""
    unique: dict[str, str] = {}
    for name in names:
        parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part.strip("./ :")]
        path = plain = "/".join(parts) or "image"
        number = 1
        # Some file systems do not tell upper case from lower.
        while path.lower() in unique:
            number += 1
            path = f"{plain}-{number}"
        unique[path.lower()] = path
    return [*unique.values()]


def _write(path: Path, curves: Mapping[str, Sequence[MapPoint]]) -> None:
    rows = [
        {
            "codec": name,
            "bits per pixel": point.rate,
            "bits per pixel without headers": point.bare,
            "PSNR": point.psnr,
            "error": point.error,
        }
        for name, points in curves.items()
        for point in points
    ]
    write_sheet(pd.DataFrame(rows), path)


def _drawn(curves: Mapping[str, Sequence[MapPoint]], rate: float, ratio: float, images: int) -> Picture:
    figure = Canvas(figsize=(6.4, 3.8), dpi=110, layout="constrained")
    axes: Any = figure.subplots()
    hues = colours(list(curves))
    for name, points in curves.items():
        rates, ratios = [point.rate for point in points], [point.psnr for point in points]
        axes.plot(rates, ratios, "o-", markersize=3, label=name, color=hues[name])
    axes.plot([rate], [ratio], "*", markersize=12, color="black", label="this file")
    axes.set_xscale("log")
    axes.set_xlabel("bits per pixel")
    axes.set_ylabel("PSNR, dB")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)
    return Picture("Rate and distortion", f"Over {images:,} images; every byte of a file counts.", figure)
