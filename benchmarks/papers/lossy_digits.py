"""Bits of handwritten digits at equal PSNR: an autoencoder beside PCA, JPEG and WebP.

The network is that of `deep_autoencoder` with a code of 64 numbers. Its codes and those of PCA are stored by
`kerasae apply compression`: rounded to steps that follow from the decoder, and entropy-coded. A JPEG of one
digit is mostly header, so all digits also make one large sheet, each widened to 32 x 32 pixels (whole blocks
of JPEG).
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row

#: PSNR in dB at which bits are compared: WebP begins at 28 dB, and a code of 64 numbers ends before it.
LEVELS = (20, 22, 24, 26, 28)
CODE, COMPONENTS = 64, 256
PIXELS = 784


def recipe_of(place: Place, seed: int) -> Any:
    network = {"name": "dense", "widths": [1000, 500, 250], "activation": "gelu"}
    train = {"batch_size": 256, "seed": seed}
    return place.recipe("undercomplete", 100, latent_dim=CODE, network=network, train=train)


def autoencoder(place: Place, seed: int) -> dict[str, float]:
    run = place.run(f"dense-{seed}", recipe_of(place, seed))
    figures = of_codec(run.model, place.reported(run.data))
    return {**figures, "model": run.model_path.stat().st_size}


def pca(place: Place, seed: int) -> dict[str, float]:
    from kerasae import PCA

    data = data_of(place, seed)
    codec = PCA(COMPONENTS).fit(place.fitted(data))
    # Mean and components, in float32.
    return {**of_codec(codec, place.reported(data)), "model": 4 * PIXELS * (COMPONENTS + 1)}


def of_codec(codec: Any, data: Any) -> dict[str, float]:
    """Return the figures of a codec whose codes are stored; every byte of the file counts."""
    from kerasae.applications.compression._curves import curve
    from kerasae.applications.compression._measuring import fitted_codes
    from kerasae.applications.compression._quantiser import Ranges, unit_steps

    training = fitted_codes(codec, data)
    ranges = Ranges.of(training, unit_steps(codec, training, data.spec))
    bits = bits_at_levels(curve(codec, ranges, data))
    sheet = bits_at_levels(file_curve("JPEG", "rate", data))
    shares = [bits[level] / sheet[level] for level in map(str, LEVELS) if level in bits and level in sheet]
    return {**bits, "share": max(shares)} if shares else bits


def files(form: str, size: str, place: Place, seed: int) -> dict[str, float]:
    """Return the figures of a file format, which do not depend on the seed."""
    return bits_at_levels(file_curve(form, size, place.reported(data_of(place, seed))))


def file_curve(form: str, size: str, data: Any) -> list[Any]:
    """Return the curve of a file format.

    Args:
        form: `"JPEG"` or `"WEBP"`.
        size: Attribute of a `Photograph`: `rate` in one sheet, `alone`, or `without_headers`.
        data: Data whose test images are compressed.
    """
    from kerasae.applications.compression._curves import Point
    from kerasae.applications.compression._references import photographs

    return [Point(getattr(one, size), {"error": one.error}) for one in photographs(data) if one.form == form]


def data_of(place: Place, seed: int) -> Any:
    """Return the data that the autoencoder is trained on, with a preprocessor."""
    recipe = recipe_of(place, seed)
    data = recipe.prepare(recipe.load())
    return data if place.validation else data.joined()


def bits_at_levels(points: Sequence[Any]) -> dict[str, float]:
    """Return the bits a pixel at each PSNR that a curve reaches, and the greatest PSNR of the curve."""
    from kerasae.applications.compression._curves import rate_at

    bits = {str(level): rate_at(points, 10 ** (-level / 10)) for level in LEVELS}
    best = -10 * math.log10(min(point.figures["error"] for point in points))
    return {**{level: rate / PIXELS for level, rate in bits.items() if rate is not None}, "best": best}


RESULT = Result(
    title="Lossy compression of digits",
    source="Protocol of our own; measured here, side by side",
    protocol=(
        "The 10,000 test images of MNIST; bits a pixel at equal PSNR, that of the mean squared error of all "
        "pixels. Autoencoder and PCA are fitted on the 60,000 training images and write all test "
        "images into one file, of which every byte counts; the model is not in it, and its size stands "
        "beside. A sheet is one JPEG or WebP of all digits, of which every byte counts too; files of their "
        "own are the mean of 200 images, with headers and tables and without them. Pillow, qualities of 5 "
        "and more."
    ),
    measures={
        **{str(level): Measure(f"{level} dB", digits=3) for level in LEVELS},
        "best": Measure("greatest PSNR, dB", digits=1, less=False),
        "share": Measure("largest share of the JPEG sheet's bits", digits=3),
        "model": Measure("model, bytes", digits=0),
    },
    rows=(
        Row(f"784-1000-500-250-{CODE}", autoencoder, goal={"share": 0.99}),
        Row(f"PCA, up to {COMPONENTS} numbers, same coder", pca),
        Row("JPEG, one sheet", partial(files, "JPEG", "rate")),
        Row("JPEG, own files without headers", partial(files, "JPEG", "without_headers")),
        Row("JPEG, own files", partial(files, "JPEG", "alone")),
        Row("WebP, one sheet", partial(files, "WEBP", "rate")),
        Row("WebP, own files without headers", partial(files, "WEBP", "without_headers")),
        Row("WebP, own files", partial(files, "WEBP", "alone")),
    ),
    notes=(
        "The goal is fewer bits than JPEG at equal PSNR. JPEG without headers cannot be decoded; it is shown "
        "because its tables are the same in all files.",
    ),
)
