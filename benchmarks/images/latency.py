"""Latency of a denoiser a megapixel, beside classical filters: one thread each, in one run.

    python -m benchmarks.images.latency RUN [--height 512] [--width 512] [--tile 256] [--repeats 3]

RUN is a run whose code is a map, such as `kerasae train photos/ --preset denoiser --out RUN`. Its model
cleans an image in Keras (`kerasae.models.rebuilt`), as a SavedModel for any size, and as files for devices
that take a tile. A tile counts all its pixels; on a device neighbouring tiles overlap by what a pixel depends
on. The filters are those of scikit-image: non-local means (Buades, Coll and Morel 2005, CVPR) with its quick
algorithm, and a Gaussian. Each figure is the median of the repetitions, which take turns, so that a busy
machine slows all alike; compare the ratios.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from kerasae.backend import import_tensorflow

#: Name of the filter that has the ratio 1.
BASE = "non-local means"


def latencies(
    source: Any, *, height: int, width: int, tile: int, repeats: int, **subject: Any
) -> dict[str, float]:
    """Return milliseconds a megapixel by the name of the method.

    Args:
        source: Run, folder of a run, or model, whose code is a map.
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        tile: Number of pixels on a side of a tile of a device.
        repeats: Number of repetitions.
        **subject: `data`, as for `Subject.of`.
    """
    from kerasae import export
    from kerasae.models import rebuilt
    from kerasae.runs import Run

    image = export.Subject.of(source, size=(height, width), **subject).held_out[0]
    device = export.Subject.of(source, size=(tile, tile), name="m", **subject)
    model = source if hasattr(source, "encoder") else Run.open(source).model
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        served = export.SavedModel.open(export.SavedModel().write(device, folder / "server").path)
        methods: dict[str, tuple[Callable[[], Any], int]] = {
            "Keras, `rebuilt`": (lambda: rebuilt(model, image), height * width),
            "SavedModel, any size": (
                lambda: served.run("reconstruct_any_size", {"x": image[None]}),
                height * width,
            ),
        }
        for precision in ("float32", "int8"):
            path = export.TFLite(precision=precision).write(device, folder / f"{precision}.tflite").path
            methods[f"TFLite {precision}, {tile} x {tile}"] = (_on_device(path, device.held_out[:1]), tile**2)
        methods |= {key: (call, height * width) for key, call in _filters(image).items()}
        return _medians(methods, repeats)


def _on_device(path: Path, one: np.ndarray) -> Callable[[], Any]:
    from kerasae.export import TFLite

    edge = TFLite.open(path)
    return lambda: edge.run("reconstruct", {"x": one})


def _filters(image: np.ndarray) -> dict[str, Callable[[], Any]]:
    """Return classical filters of an image by name."""
    from skimage.filters import gaussian
    from skimage.restoration import denoise_nl_means

    x = image.astype("float32") / np.float32(image.max() or 1)
    return {
        BASE: lambda: denoise_nl_means(x, patch_size=5, patch_distance=6, h=0.1, channel_axis=-1),
        "Gaussian filter": lambda: gaussian(x, 1, channel_axis=-1),
    }


def _medians(methods: dict[str, tuple[Callable[[], Any], int]], repeats: int) -> dict[str, float]:
    """Return the median time of each method in milliseconds a megapixel, after a call that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in methods}
    for repeat in range(repeats + 1):
        for name, (call, pixels) in methods.items():
            began = time.perf_counter()
            call()
            if repeat:
                taken[name].append(1e3 * (time.perf_counter() - began) / (pixels / 1e6))
    return {name: float(np.median(times)) for name, times in taken.items()}


def table(found: dict[str, float]) -> str:
    """Return the latencies as a table in Markdown."""
    lines = [f"| method | ms a megapixel | ratio to {BASE} |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {value:,.1f} | {value / found[BASE]:.3f} |" for name, value in found.items()]
    return "\n".join(lines)


def main() -> None:
    """Print the latencies of a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--height", type=int, default=512)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--tile", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    options = vars(parser.parse_args())
    import_tensorflow(threads=1, hide_gpus=True)
    print(table(latencies(options.pop("run"), **options)))


if __name__ == "__main__":
    main()
