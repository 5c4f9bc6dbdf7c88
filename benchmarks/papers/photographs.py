"""Denoising of grey photographs, Gaussian noise of 25 of 255.

The preset `denoiser` trains on the 400 photographs of `photos/train` for about an hour on two cores, and
cleans the test photographs whole. The preset was made with photographs of its own validation
split, on which `--validation` reports; Set12 was looked at when it was done.
"""

from typing import Any

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.images.denoising import PUBLISHED, cleaned, psnr, settings_of

SIGMA = 25
#: Steps in an hour on two cores by the precision of the hidden layers: with matrix units, and without.
STEPS = {"mixed_bfloat16": 26_000, "float32": 4_200}


def denoiser(place: Place, seed: int) -> dict[str, float]:
    import numpy as np

    from kerasae import presets
    from kerasae.spec import Spec
    from kerasae.workflows import make_recipe

    steps = STEPS[presets.settings("denoiser", Spec("image", (64, 64, 1)))["network.dtype"]]
    settings = {**settings_of(steps, SIGMA), "train.seed": seed}
    run = place.run(
        f"denoiser-{seed}", make_recipe(str(place.data / "photos" / "train"), settings, preset="denoiser")
    )
    if place.validation:
        return held_out(run)
    found = cleaned(run.model, place.data / "photos" / "set12", sigma=SIGMA)
    noisy, clean = np.mean([*found.values()], axis=0)
    return {"noisy": noisy, "psnr": clean}


def held_out(run: Any) -> dict[str, float]:
    """Return the figures of the photographs of the validation split, whole."""
    import numpy as np

    from kerasae.models import rebuilt

    rng, found = np.random.default_rng(0), []
    for chunk in run.data.split("validation").whole().chunks():
        for truth in chunk:
            truth = np.asarray(truth, "float32")
            noisy = truth + np.float32(SIGMA) * rng.standard_normal(truth.shape, "float32")
            clean = rebuilt(run.model, noisy, out=np.empty_like(noisy))
            found.append((psnr(noisy, truth), psnr(clean, truth)))
    noisy, clean = np.mean(found, axis=0)
    return {"noisy": noisy, "psnr": clean}


RESULT = Result(
    title="Denoising of photographs",
    source="Zhang, Zuo, Chen, Meng and Zhang 2017, IEEE TIP 26(7)",
    protocol=(
        "Set12, Gaussian noise with a standard deviation of 25 of 255 and a fixed seed, neither rounded nor "
        "clipped; PSNR in dB, mean of the twelve photographs, whole. BSD68 is not on this machine: there "
        "BM3D has 28.57 dB and DnCNN-S 29.23 dB, 1.4 and 1.2 dB less than on Set12."
    ),
    measures={
        "noisy": Measure("noisy, dB", less=False),
        "psnr": Measure("cleaned, dB", less=False),
    },
    rows=(
        Row("preset `denoiser`, an hour on two cores", denoiser, goal={"psnr": 29.9}),
        *(Row(name, published={"psnr": value}) for name, value in PUBLISHED[SIGMA].items()),
    ),
)
