"""Denoising of photographs: PSNR on Set12 beside published figures.

    python -m benchmarks.images.denoising --data ../shared/data --out runs/denoiser [--steps 26000]
        [--sigma 25] [--blind]

Trains the preset `denoiser` on the 400 photographs of `photos/train` and cleans the twelve of `photos/set12`
whole (`kerasae.models.rebuilt`). The noise is Gaussian with a standard deviation of `sigma` of 255 and a
fixed seed, neither rounded nor clipped, and so are the results before they are compared, as in the
literature. With `--blind` the training draws the strength of the noise from the range of the preset;
otherwise it is `sigma`. 26,000 steps take about an hour on two cores (0.10 to 0.14 s a step).

The published figures are means over Set12 from Zhang, Zuo, Chen, Meng and Zhang 2017, IEEE TIP 26(7).
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

#: Mean PSNR on Set12 in dB by the strength of the noise: BM3D, and a network for each strength.
PUBLISHED = {
    15: {"BM3D": 32.37, "DnCNN-S": 32.86},
    25: {"BM3D": 29.97, "DnCNN-S": 30.44},
    50: {"BM3D": 26.72, "DnCNN-S": 27.18},
}
#: White in raw units.
WHITE = 255.0


def trained(photos: Path, out: Path, *, steps: int, sigma: float, blind: bool) -> Any:
    """Train the preset on a folder of photographs, and return the run.

    Args:
        photos: Folder of photographs.
        out: Folder of the run.
        steps: Number of steps.
        sigma: Standard deviation of the noise, of 255.
        blind: Whether the training draws the strength of the noise from the range of the preset.
    """
    from kerasae.runs import Run
    from kerasae.workflows import make_recipe, train

    settings = settings_of(steps, None if blind else sigma)
    train(make_recipe(str(photos), settings, preset="denoiser"), out)
    return Run.open(out)


def settings_of(steps: int, sigma: float | None) -> dict[str, Any]:
    """Return the settings beside those of the preset.

    Args:
        steps: Number of steps.
        sigma: Standard deviation of the noise, of 255; `None` draws it from the range of the preset.
    """
    known = {} if sigma is None else {"model.corruption": "gaussian", "model.corruption.level": sigma / WHITE}
    # Other photographs are the test.
    shares = {"data.validation": 0.02, "data.calibration": 0.0, "data.test": 0.001}
    return {"data.crop": 64, **shares, "train.steps": steps, **known}


def cleaned(model: Any, photos: Path, *, sigma: float, seed: int = 0) -> dict[str, tuple[float, float]]:
    """Return the PSNR in dB of the noisy and of the clean version of each photograph, by its name.

    Args:
        model: Model of grey images.
        photos: Folder of grey PNG files.
        sigma: Standard deviation of the noise, of 255.
        seed: Seed of the noise. Defaults to 0.
    """
    from kerasae.models import rebuilt

    rng = np.random.default_rng(seed)
    found = {}
    for path in sorted(photos.glob("*.png")):
        with Image.open(path) as image:
            truth = np.asarray(image.convert("L"), "float32")[..., None]
        noisy = truth + np.float32(sigma) * rng.standard_normal(truth.shape, "float32")
        clean = rebuilt(model, noisy, out=np.empty_like(noisy))
        found[path.name] = psnr(noisy, truth), psnr(clean, truth)
    return found


def psnr(image: np.ndarray, truth: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of an image in raw units, in dB."""
    error = np.mean(np.square(image.astype("float64") - truth))
    return float(10 * np.log10(WHITE**2 / error))


def table(found: dict[str, tuple[float, float]], sigma: float) -> str:
    """Return the PSNR of each photograph and the means as a table in Markdown."""
    lines = ["| photograph | noisy, dB | clean, dB |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {before:.2f} | {after:.2f} |" for name, (before, after) in found.items()]
    before, after = np.mean([*found.values()], axis=0)
    lines.append(f"| mean | {before:.2f} | {after:.3f} |")
    lines += [f"| {name}, published | | {value:.2f} |" for name, value in PUBLISHED.get(sigma, {}).items()]
    return "\n".join(lines)


def main() -> None:
    """Train, clean Set12 and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=26_000)
    parser.add_argument("--sigma", type=float, default=25)
    parser.add_argument("--blind", action="store_true")
    options = parser.parse_args()
    photos = options.data / "photos"
    began = time.perf_counter()
    run = trained(
        photos / "train", options.out, steps=options.steps, sigma=options.sigma, blind=options.blind
    )
    minutes = (time.perf_counter() - began) / 60
    print(table(cleaned(run.model, photos / "set12", sigma=options.sigma), options.sigma))
    print(f"\nTraining: {options.steps:,} steps, {minutes:.1f} minutes, with its evaluation and its page.")


if __name__ == "__main__":
    main()
