"""Rate and distortion of photographs: one model at many rates, beside PCA of blocks, JPEG and WebP.

    python -m benchmarks.images.rates --data ../shared/data --out runs/compressor [--steps 8000]
        [--set train.learning_rate=0.001] [--split validation]

Trains the preset `compressor` on crops of the photographs of `photos/train`, and compresses the central
176 x 176 pixels of the photographs of a split, which are not in the training, at several steps of the
quantiser. Model and PCA of 8 x 8 blocks use the entropy coder of `kerasae apply compression`, with all images
in one file of which every byte counts. Each image is a JPEG and a WebP file of its own. `JPEG, bare` does not
count headers and tables, which are most of so small a file; it is the reference of the last two columns.
Settings are chosen with `--split validation`. An existing `--out` is evaluated again.
"""

import argparse
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

#: Bits a pixel of the rows of the table.
RATES = (0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
#: Pixels on a side of the part of a photograph, a multiple of the squares of the model, of PCA and of JPEG.
SIDE = 176
#: Settings beside those of the preset `compressor`.
SETTINGS: dict[str, Any] = {
    "data.crop": 64,
    "data.validation": 0.1,
    "data.calibration": 0.0,
    "data.test": 0.1,
}


def trained(photos: Path, out: Path, settings: Mapping[str, Any]) -> Any:
    """Train the model, unless `out` is a run already, and return the run."""
    from kerasae.runs import Run, run_recipe
    from kerasae.workflows import make_recipe

    if not out.exists():
        run_recipe(make_recipe(str(photos), {**SETTINGS, **settings}, preset="compressor"), out)
    return Run.open(out)


def curves(run: Any, split: str, side: int = SIDE) -> dict[str, Any]:
    """Return the curve of the model and those beside it, by name.

    Args:
        run: Run whose code is a map, trained on photographs.
        split: Split of the photographs that are compressed.
        side: Pixels on a side of the central part of each. Defaults to 176.
    """
    from kerasae.applications.compression._maps import curves as of_maps
    from kerasae.applications.compression._maps.quantiser import MapRanges
    from kerasae.applications.compression._measuring import fitted_codes

    data, model = run.data, run.model
    images = [central(image, side) for chunk in data.split(split).whole().chunks() for image in chunk]
    ranges = MapRanges.of(model, fitted_codes(model, data), model.code_shape[-1])
    return {
        "model": of_maps.model_curve(model, ranges, images, data),
        "PCA of 8 x 8": of_maps.block_curve(8, images, data),
        "JPEG": of_maps.file_curve("JPEG", images, data),
        "WebP": of_maps.file_curve("WEBP", images, data),
    }


def central(image: np.ndarray, side: int) -> np.ndarray:
    """Return the central square of an image."""
    row, column = ((length - side) // 2 for length in image.shape[:2])
    return image[row : row + side, column : column + side]


def table(found: Mapping[str, Any]) -> str:
    """Return PSNR by rate, and the bits of model and PCA as a share of JPEG's, as a table in Markdown."""
    from kerasae.applications.compression._maps.curves import psnr_at, rate_at

    headings = ["bits a pixel", "model", "PCA of 8 x 8", "JPEG, bare", "JPEG", "WebP"]
    headings += ["model's bits of JPEG's, bare", "PCA's"]
    lines = ["| " + " | ".join(headings) + " |", "| " + " | ".join(["---:"] * len(headings)) + " |"]
    for rate in RATES:
        reference = psnr_at(found["JPEG"], rate, bare=True)
        ratios = [psnr_at(found[name], rate) for name in ("model", "PCA of 8 x 8")]
        ratios += [reference, psnr_at(found["JPEG"], rate), psnr_at(found["WebP"], rate)]
        shares = [
            None if reference is None or (bits := rate_at(found[name], reference)) is None else bits / rate
            for name in ("model", "PCA of 8 x 8")
        ]
        cells = [f"{rate:.1f}", *(_shown(value, 2) for value in ratios), *(_shown(v, 3) for v in shares)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _shown(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def main() -> None:
    """Train, compress and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.NAME=VALUE")
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    options = parser.parse_args()
    settings = {"train.steps": options.steps}
    for text in options.set:
        key, _, value = text.partition("=")
        settings[key] = json.loads(value)
    began = time.perf_counter()
    run = trained(options.data / "photos" / "train", options.out, settings)
    minutes = (time.perf_counter() - began) / 60
    print(table(curves(run, options.split)))
    stored = run.model_path.stat().st_size
    print(f"\nModel: {run.model.count_params():,} weights, {stored:,} bytes; {minutes:.1f} minutes.")


if __name__ == "__main__":
    main()
