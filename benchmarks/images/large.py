"""A photograph of 6,000 x 4,000 pixels: the memory of its denoising, and the seams of its tiles.

    python -m benchmarks.images.large RUN [--data ../shared/data] [--height 4000] [--width 6000]

RUN is a run whose code is a map, on grey photographs, such as `kerasae train photos/ --set data.crop=64
--preset denoiser --out RUN`. The photograph is made of those of `photos/train`, mirrored at random and each
with a brightness of its own. `kerasae apply RUN denoising` cleans it in a process of its own, as it is and
after noise is added (`--noise gaussian`). Printed is the peak of resident memory of each process, by the
kernel's own high-water mark.

The seam error is the greatest difference, in grey levels, between a part of the photograph that is computed
in tiles and the same part in one piece. Neither is rounded.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

from benchmarks.speed._peak import peak

#: Height and width of the part in which seams are measured, and pixels on a side of its tiles.
PART, TILE = (900, 1200), 256


def photograph(folder: Path, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Return a large grey photograph made of the smaller ones of a folder, `(height, width)`.

    Args:
        folder: Folder of grey PNG files.
        height: Height in pixels.
        width: Width in pixels.
        seed: Seed of the order, of the mirrors and of the brightness. Defaults to 0.
    """
    rng = np.random.default_rng(seed)
    paths = sorted(folder.glob("*.png"))
    made = np.empty((height, width), "uint8")
    row = 0
    while row < height:
        column = tallest = 0
        while column < width:
            with Image.open(paths[rng.integers(len(paths))]) as image:
                pixels = np.asarray(image.convert("L"), "float64")
            pixels = pixels[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])] * rng.uniform(0.7, 1.3)
            place = made[row : row + len(pixels), column : column + pixels.shape[1]]
            place[...] = np.clip(np.rint(pixels), 0, 255)[: place.shape[0], : place.shape[1]]
            # The next line begins below the shortest photograph, so that no pixel is left out.
            tallest = min(tallest or len(pixels), len(pixels))
            column += pixels.shape[1]
        row += tallest
    return made


def seam_error(model: Any, image: np.ndarray, tile: int) -> float:
    """Return the greatest difference between an image in tiles and in one piece, in raw units.

    Args:
        model: Model whose code is a map.
        image: Raw image, `(height, width, channels)`.
        tile: Number of pixels on a side of a tile.
    """
    from kerasae.models import rebuilt

    tiled, whole = (
        rebuilt(model, image, tile=side, out=np.empty(image.shape, "float32"))
        for side in (tile, max(image.shape[:2]))
    )
    return float(np.abs(tiled - whole).max())


def main() -> None:
    """Print the memory and the seam error of a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--height", type=int, default=4000)
    parser.add_argument("--width", type=int, default=6000)
    options = parser.parse_args()
    image = photograph(options.data / "photos" / "train", options.height, options.width)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "large.png"
        Image.fromarray(image).save(path)
        command = [sys.executable, "-m", "kerasae", "apply", "denoising", str(options.run), str(path)]
        for number, (words, more) in enumerate((("as it is", []), ("with noise", ["--noise", "gaussian"]))):
            out = str(Path(name) / f"clean{number}")
            print(f"Peak memory, {words}: {peak(*command, '--out', out, *more):,.0f} MiB")
    from kerasae.runs import Run

    part = image[: PART[0], : PART[1], None]
    print(f"Seam error: {seam_error(Run.open(options.run).model, part, TILE):.2g} grey levels")


if __name__ == "__main__":
    main()
