"""Libraries in C of small trained models, and programs that answer for them on the host and under QEMU."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from kerasae.export import Stream, Subject
from kerasae.export.formats.c99._building import packed, unequal
from kerasae.export.formats.c99._reference import ReferenceModel
from kerasae.export.scoring import Scorer
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
        "score": "channel_moments",
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


# The stream of a series --------------------------------------------------------------------------


def readings_of(spec, held_out, count, seed=0):
    """Readings that the training did not see, some of them odd, and where to begin anew."""
    rng = np.random.default_rng(seed)
    steps, channels = spec.shape
    windows = held_out[rng.integers(0, len(held_out), -(-count // steps))]
    rows = windows.reshape(-1, channels)[:count].astype("float32")
    odd = rng.random(count) < 0.1
    rows[odd] += (5 * rng.normal(size=(odd.sum(), channels)) * np.nanstd(rows, axis=0)).astype("float32")
    choice = rng.random(rows.shape)
    rows = np.select([choice < 0.03, choice < 0.031, choice < 0.032], [np.nan, 1e9, -np.inf], rows)
    # A few times a whole window is missing.
    for start in rng.integers(0, count, max(count // 2000, 1)):
        rows[start : start + 2 * steps] = np.nan
    return rows.astype("float32"), rng.random(count) < 0.01


def of_python(folder, rows, begins, rule=None):
    """Whether each reading has an answer; score and p-value; decision and alarm, by the reference kernels."""
    (path,) = folder.glob("*.tflite")
    stream = Stream(Scorer(path, reference=True), alarm=rule)
    answered = np.zeros(len(rows), "int32")
    outputs = np.zeros((len(rows), 2), "float32")
    flags = np.zeros((len(rows), 2), "int32")
    for number, (row, begin) in enumerate(zip(rows, begins, strict=True)):
        if begin:
            stream.reset()
        answer = stream.push(row)
        if answer["score"] is not None:
            answered[number] = 1
            outputs[number] = answer["score"], answer["p_value"]
            flags[number] = answer["anomalous"], answer["alarm"]
    return answered, outputs, flags


def of_c(command, folder, rows, begins):
    """The same of a program, which is run in a folder."""
    sent = np.concatenate([begins[:, None].astype("float32"), rows], axis=1)
    (folder / "rows").write_bytes(sent.tobytes())
    subprocess.run([*map(str, command)], check=True, cwd=folder, timeout=3000)
    words = np.frombuffer((folder / "answers").read_bytes(), "uint32").reshape(len(rows), -1)
    numbers = np.ascontiguousarray(words[:, [1, 2]]).view("float32")
    # Score, p-value and decision stand first; the mean of the scores and the alarm last.
    return words[:, 0].astype("int32"), numbers, words[:, [3, -1]].astype("int32")


def unlike(expected, got):
    """Number of readings with another bit in one of the answers."""
    answered = expected[0] == 1
    wrong = expected[0] != got[0]
    for one, other in zip(expected[1:], got[1:], strict=True):
        wrong |= answered & (one.view("uint32") != other.view("uint32")).any(axis=1)
    return int(wrong.sum())
