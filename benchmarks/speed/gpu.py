"""Epochs on a GPU and the largest batch: a convolutional autoencoder by kerasae and by plain PyTorch.

    python -m benchmarks.speed.gpu CONTENDER ROWS BATCH EPOCHS

trains one contender, `kerasae` or `torch`, on so many random images of 128 x 128 x 3, which lie in memory as
uint8. `python -m benchmarks.speed.gpu devices` counts the GPUs that each library sees. Needs `pip install
torch==2.13.0` and `tensorflow[and-cuda]` beside kerasae.
"""

import importlib.util
import json
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row, UnavailableError
from benchmarks.speed._epochs import clock
from benchmarks.speed._turns import take_turn, turns

MODULE = "benchmarks.speed.gpu"
SIDE, FILTERS, CODE = 128, (32, 64, 128, 256, 256), 64
ROWS, BATCH, EPOCHS = 20_000, 256, 4
#: Batch with which the search for the largest one begins.
START = 8192


def squares(rows: str) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (int(rows), SIDE, SIDE, 3), "uint8")


def figures(seconds: list[float]) -> dict[str, float]:
    return {"first": seconds[0], "epoch": statistics.median(seconds[1:] or seconds)}


def kerasae(rows: str, batch: str, epochs: str) -> dict[str, float]:
    from kerasae import Data, Recipe, Spec, train
    from kerasae.data import Split

    recipe = Recipe.of(
        "undercomplete",
        latent_dim=CODE,
        network={"name": "conv", "filters": [*FILTERS]},
        train={"epochs": int(epochs), "batch_size": int(batch), "hold_out": False},
    )
    images = Split(squares(rows))
    spec = Spec("image", (SIDE, SIDE, 3), "uint8", 0.0, 255.0)
    data = recipe.prepare(Data("squares", spec, images, images.rows([]), images.rows([])))
    watch = clock()
    train(recipe.build(data), data, **recipe.train, callbacks=[watch])
    return figures(watch.seconds)


def torch(rows: str, batch: str, epochs: str) -> dict[str, float]:
    import torch as pytorch
    from torch import nn

    pytorch.manual_seed(0)
    # TensorFlow multiplies float32 in TF32 too.
    pytorch.set_float32_matmul_precision("high")
    pytorch.backends.cudnn.allow_tf32 = True
    device = "cuda" if pytorch.cuda.is_available() else "cpu"
    # The network of kerasae: strided convolutions to 4 x 4, a code, and their mirror image.
    layers: list[Any] = []
    for channels, more in zip((3, *FILTERS[:-1]), FILTERS, strict=True):
        layers += [nn.Conv2d(channels, more, 3, stride=2, padding=1), nn.ReLU()]
    side = SIDE // 2 ** len(FILTERS)
    size = FILTERS[-1] * side * side
    layers += [nn.Flatten(), nn.Linear(size, CODE), nn.Linear(CODE, size), nn.ReLU()]
    layers += [nn.Unflatten(1, (FILTERS[-1], side, side))]
    for channels, fewer in zip(FILTERS[::-1], (*FILTERS[-2::-1], FILTERS[0]), strict=True):
        layers += [nn.ConvTranspose2d(channels, fewer, 3, stride=2, padding=1, output_padding=1), nn.ReLU()]
    layers += [nn.Conv2d(FILTERS[0], 3, 3, padding=1)]
    model = nn.Sequential(*layers).to(device, memory_format=pytorch.channels_last)
    optimizer = pytorch.optim.Adam(model.parameters(), 1e-3, fused=device == "cuda")
    raw = pytorch.from_numpy(squares(rows)).to(device)

    @pytorch.compile
    def loss_of(part: Any) -> Any:
        x = part.permute(0, 3, 1, 2).float() / 255
        return (model(x) - x).square().sum() / len(x)

    seconds, count = [], int(batch)
    for _ in range(int(epochs)):
        began = time.perf_counter()
        order = pytorch.randperm(len(raw), device=device)
        for start in range(0, len(raw) - count + 1, count):
            loss = loss_of(raw[order[start : start + count]])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        # The loss is read once an epoch, and the GPU has then done all steps.
        loss.item()
        seconds.append(time.perf_counter() - began)
    return figures(seconds)


def devices() -> dict[str, float]:
    import tensorflow as tf

    found = {"TensorFlow": len(tf.config.list_physical_devices("GPU")), "PyTorch": 0}
    if importlib.util.find_spec("torch") is not None:
        import torch as pytorch

        found["PyTorch"] = pytorch.cuda.device_count()
    return found


CONTENDERS = {"kerasae": kerasae, "torch": torch, "devices": devices}


def require_gpu() -> None:
    """Check that both libraries can use a GPU.

    Raises:
        UnavailableError: If one of them is missing or finds none.
    """
    done = subprocess.run([sys.executable, "-m", MODULE, "devices"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"Expected the libraries to list their GPUs, received: {done.stderr.strip()}")
    seen = json.loads(done.stdout.splitlines()[-1])
    blind = [name for name, count in seen.items() if not count]
    if blind:
        raise UnavailableError(
            "Expected a GPU that TensorFlow and PyTorch (pip install torch==2.13.0) can use, "
            f"{' and '.join(blind)} found none."
        )


def fits(name: str, batch: int) -> bool:
    """Return whether a contender can train two steps of a batch; any failure counts as none."""
    command = [sys.executable, "-m", MODULE, name, str(2 * batch), str(batch), "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    reason = (done.stderr.strip().splitlines() or [""])[-1]
    shown = "fits" if done.returncode == 0 else f"does not fit: {reason:.200}"
    print(f"  {name}, batch {batch}: {shown}", file=sys.stderr, flush=True)
    return done.returncode == 0


def largest(name: str) -> float:
    """Return the largest batch that a contender trains, a power of two or one and a half times one."""
    batch = START
    while not fits(name, batch):
        batch //= 2
        if not batch:
            raise RuntimeError(f"Expected {name} to train a batch of one image; see the reasons above.")
    # It was halved until it fitted, so that the double of a smaller one than `START` does not fit.
    while batch >= START and fits(name, 2 * batch):
        batch *= 2
    return batch * 3 // 2 if batch > 1 and fits(name, batch * 3 // 2) else batch


def epochs(place: Place, seed: int) -> dict[str, float]:
    require_gpu()
    found = turns(MODULE, ["kerasae", "torch"], [ROWS, BATCH, EPOCHS])
    return {
        "kerasae": found.median("kerasae", "epoch"),
        "torch": found.median("torch", "epoch"),
        "ratio": found.ratio("kerasae", "torch", "epoch"),
        "spread": found.spread("kerasae", "torch", "epoch"),
        "first_kerasae": found.median("kerasae", "first"),
        "first_torch": found.median("torch", "first"),
    }


def batches(place: Place, seed: int) -> dict[str, float]:
    require_gpu()
    ours, theirs = largest("kerasae"), largest("torch")
    return {"batch_kerasae": ours, "batch_torch": theirs, "batch_ratio": ours / theirs}


RESULT = Result(
    title="Convolutions on a GPU",
    source="Measured here, side by side",
    protocol=(
        "A convolutional autoencoder of five levels on 20,000 random images of 128 x 128 x 3, squared error, "
        "Adam, float32 with products in TF32, beside a loop of plain PyTorch with `torch.compile`. The "
        "median epoch after the first, of five turns; the ratio is the median over the turns, and its spread "
        "is the range of the five as a share of it. The largest batch is the largest power of two, or one "
        "and a half times one, of which two steps succeed."
    ),
    measures={
        "kerasae": Measure("kerasae, epoch, s"),
        "torch": Measure("PyTorch, epoch, s"),
        "ratio": Measure("kerasae / PyTorch"),
        "spread": Measure("its spread, %", digits=0),
        "first_kerasae": Measure("kerasae, first epoch, s", digits=1),
        "first_torch": Measure("PyTorch, first epoch, s", digits=1),
        "batch_kerasae": Measure("kerasae, largest batch", digits=0, less=False),
        "batch_torch": Measure("PyTorch, largest batch", digits=0, less=False),
        "batch_ratio": Measure("kerasae / PyTorch, batch", less=False),
    },
    rows=(Row("epoch, batch 256", epochs), Row("largest batch", batches)),
)

if __name__ == "__main__":
    take_turn(CONTENDERS)
