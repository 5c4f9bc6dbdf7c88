"""Bits of photographs at equal PSNR: the preset `compressor` beside JPEG, WebP and PCA of blocks.

The preset trains on crops of the 400 photographs of `photos/train` but for a tenth, which is the test, and
another tenth, which is for validation. Its settings were chosen on the latter, on which `--validation`
reports.
"""

from functools import partial
from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.images import rates

#: Steps by the precision of the hidden layers, 20 minutes on two cores with matrix units, 40 without.
STEPS = {"mixed_bfloat16": 8_000, "float32": 4_000}


def recipe_of(place: Place, seed: int) -> Any:
    from kerasae import presets
    from kerasae.spec import Spec
    from kerasae.workflows import make_recipe

    steps = STEPS[presets.settings("compressor", Spec("image", (64, 64, 1)))["network.dtype"]]
    settings = {**rates.SETTINGS, "train.steps": steps, "train.seed": seed}
    return make_recipe(str(place.data / "photos" / "train"), settings, preset="compressor")


def compressor(place: Place, seed: int) -> dict[str, float]:
    run = place.run(f"compressor-{seed}", recipe_of(place, seed))
    images = rates.images_of(run.data, split(place))
    found = shares(rates.model_curve(run.model, run.data, images), run.data, images)
    return {**found, "model": run.model_path.stat().st_size}


def blocks(place: Place, seed: int) -> dict[str, float]:
    data, images = without_model(place, seed)
    return shares(rates.block_curve(data, images), data, images)


def files(form: str, bare: bool, place: Place, seed: int) -> dict[str, float]:
    data, images = without_model(place, seed)
    return shares(rates.file_curve(form, data, images), data, images, bare)


def without_model(place: Place, seed: int) -> tuple[Any, list[Any]]:
    """Return the same data, with a preprocessor, and the photographs that are compressed."""
    recipe = recipe_of(place, seed)
    data = recipe.prepare(recipe.load())
    return data, rates.images_of(data, split(place))


def split(place: Place) -> str:
    return "validation" if place.validation else "test"


def shares(curve: Any, data: Any, images: Any, bare: bool = False) -> dict[str, float]:
    found = rates.shares(curve, rates.file_curve("JPEG", data, images), bare)
    figures = {str(rate): share for rate, share in found.items()}
    return {**figures, "largest": max(found.values())} if found else figures


RESULT = Result(
    title="Lossy compression of photographs",
    source=(
        "Ballé, Laparra and Simoncelli 2017, ICLR (the objective), whose test photographs are not on this "
        "machine; measured here, side by side"
    ),
    protocol=(
        "The central 176 x 176 pixels of 40 grey photographs that no method has seen; the bits of each "
        "method as a share of those of JPEG at equal PSNR (mean of the photographs), where JPEG without its "
        "headers and tables takes 0.2 to 1 bit a pixel. Model and PCA write all photographs into one file, "
        "and every byte of it counts; the model itself is not in it. JPEG (optimised tables) and WebP "
        "(method 6) are those of Pillow, a file for each photograph."
    ),
    measures={
        **{str(rate): Measure(f"at {rate} bits", digits=3) for rate in rates.RATES},
        "largest": Measure("largest share", digits=3),
        "model": Measure("model, bytes", digits=0),
    },
    rows=(
        Row("preset `compressor`", compressor, goal={"largest": 0.99}),
        Row("PCA of 8 x 8 blocks, same coder", blocks),
        Row("WebP", partial(files, "WEBP", False)),
        Row("WebP without headers", partial(files, "WEBP", True)),
        Row("JPEG with headers and tables", partial(files, "JPEG", False)),
    ),
)
