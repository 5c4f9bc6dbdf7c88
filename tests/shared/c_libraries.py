"""Libraries in C of small trained models, and programs that answer for them on the host and under QEMU."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from kerasae.export import Subject
from kerasae.export.formats.c99._building import packed, unequal
from kerasae.export.formats.c99._reference import ReferenceModel
from kerasae.export.views import edge_view
from small_logs import sines

needs_arm = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None,
    reason="needs apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm",
)

DENSE = {"model": "denoising", "latent_dim": 16, "network": {"widths": [64, 64], "activation": "tanh"}}
#: Networks of each kind of examples, small enough for a test, and the score of the detector.
MODELS = {
    "vector": {**DENSE, "score": "whitened"},
    "evidence": {
        **DENSE,
        "score": {"name": "evidence", "scores": ["whitened", {"name": "prototypes", "most": 32}]},
    },
    "few": {"model": "denoising", "latent_dim": 4, "network": {"widths": [32], "frequencies": 8}},
    "image": {"latent_dim": 4, "network": {"name": "conv", "filters": [4, 8], "residual_blocks": 1}},
    "table": {"latent_dim": 4, "network": {"widths": [16]}},
    "series": {
        "latent_dim": 4,
        "network": {"filters": [4, 8], "residual_blocks": 1},
        "data": {"name": "series", "time": "time", "window": 12},
    },
    "windows": {
        "model": "denoising",
        "latent_dim": 4,
        "network": {"name": "dense", "widths": [16]},
        "data": {"name": "series", "time": "time", "window": 12},
    },
}


def write_source(name, folder):
    rng = np.random.default_rng(0)
    columns = 3 if name == "few" else 10
    values = rng.normal(size=(600, 4)) @ rng.normal(size=(4, columns)) + 0.2 * rng.normal(size=(600, columns))
    values = 20 + 5 * values.astype("float32")
    if name == "image":
        return "digits"
    if name in ("series", "windows"):
        # One channel has gaps in training, and the other one in a few held-out windows alone.
        frame = sines(rows=900, gaps=range(7, 900, 11))
        frame.loc[range(730, 900, 13), "pressure"] = np.nan
        frame.to_csv(folder / "log.csv", index=False)
        return str(folder / "log.csv")
    if name != "table":
        np.save(folder / "rows.npy", values)
        return str(folder / "rows.npy")
    frame = pd.DataFrame(values[:, :4], columns=["torque", "speed", "heat (K)", "load"])
    frame["state"] = np.where(values[:, 4] > 20, "on", "idle")
    frame["valve"] = values[:, 5] > 22
    # Only idle rows have less than 20, so other rows of the tests are beyond the end of their category.
    frame["load"] = frame["load"].where(frame["state"] == "idle", 20 + (frame["load"] - 20).abs())
    frame.mask(rng.random(frame.shape) < 0.05).to_csv(folder / "rows.csv", index=False)
    return str(folder / "rows.csv")


def make(artifact, *targets, **variables):
    words = [*targets, *(f"{key}={value}" for key, value in variables.items())]
    done = subprocess.run(
        ["make", "-s", "-C", artifact.path, *words], capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def many_rows(artifact, run, count, seed=0):
    """Rows that the training did not see, and rows beside them, far away, with gaps and without numbers."""
    rng = np.random.default_rng(seed)
    held_out = edge_view(run.model.preprocessor).feed(Subject.of(run).held_out)["x"]
    x = held_out[rng.integers(0, len(held_out), count)]
    noisy = rng.random(count) < 0.5
    if x.dtype == "uint8":
        x[noisy] = rng.integers(0, 256, x[noisy].shape)
        return x
    scales = np.exp(rng.normal(size=(noisy.sum(), *(1,) * (x.ndim - 1))))
    x[noisy] += 5 * rng.normal(size=x[noisy].shape) * scales
    codes = artifact.facts.get("codes", ())
    x[:, codes] = np.round(x[:, codes])
    odd = rng.random(x.shape)
    return np.select([odd < 0.002, odd < 0.004, odd < 0.006], [np.nan, 1e9, -np.inf], x).astype("float32")


def different(artifact, command, signature, x, folder):
    """Which rows a program answers otherwise than the reference kernels, which answer beside it."""
    (folder / "rows").write_bytes(packed([x]))
    subprocess.run([*command], check=True, cwd=folder, timeout=500)
    facts = artifact.facts["functions"][signature]
    expected = ReferenceModel.open(artifact.path).run(signature, {"x": x})
    wanted = [expected[name] for name in facts["answers"]]
    return unequal((folder / "answers").read_bytes(), wanted, 0.0 if facts["exact"] else 1e-5), expected


def on_qemu(program, signature):
    words = ",".join(f"arg={word}" for word in ("stream", signature, "rows", "answers"))
    board = ["-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none"]
    files = ["-semihosting-config", f"enable=on,target=native,{words}"]
    return ["qemu-system-arm", *board, *files, "-kernel", program]
