"""Every family over every network in every format and precision: does it agree with its model?

    python benchmarks/export_table.py [--epochs 30] [--networks dense,text]

Trains small models on the digits of scikit-learn, on a table of mixed columns with gaps, on made-up
sentences, and on windows of a log of sensors with gaps (`series`, and `windows` in the dense network),
exports each in every way, and prints a cell for each: the ratio of reconstruction errors
where examples are numbers, the share of codes and tokens that agree otherwise, then the rank correlation
of anomaly scores; "refused" and the measure where the default tolerance is exceeded. All on held-out
examples, by the runtime that will run the artifact.
"""

import argparse
import functools
import os
import re
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

from kerasae import Recipe, export, registry, train
from kerasae.data.series import from_frame as from_log
from kerasae.data.tables import from_frame
from kerasae.preprocessing import SeriesPreprocessing, TablePreprocessing

PRECISIONS = export.TFLite.precisions
#: Networks by the name of their row, where it is another.
NAMES = {"windows": "dense"}


def mixed_table():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(2500, 3))
    day = pd.Timestamp("2020-01-01")
    frame = pd.DataFrame(
        {
            "number": hidden[:, 0] + 0.1 * rng.normal(size=2500),
            "integer": np.round(5_000 + 800 * hidden[:, 0] + 500 * hidden[:, 1]).astype("int64"),
            "flag": hidden[:, 1] > 0.3,
            "date": day + pd.to_timedelta(np.round(200 * hidden[:, 2]), unit="D"),
            "category": np.array(list("abcde"))[np.clip(1.5 * hidden[:, 2] + 2.5, 0, 4).astype(int)],
        }
    )
    data = from_frame(frame.convert_dtypes().mask(rng.random(frame.shape) < 0.2))
    return data.with_preprocessor(TablePreprocessing(data.spec))


def sentences(folder):
    rng = np.random.default_rng(0)
    words = [
        "cat",
        "dog",
        "bird",
        "sees",
        "eats",
        "hears",
        "the",
        "a",
        "red",
        "big",
        "small",
        "old",
        "quickly",
        "now",
        "today",
    ]
    lines = [" ".join(rng.choice(words, rng.integers(2, 9))) for _ in range(2500)]
    (folder / "sentences.txt").write_text("\n".join(lines))
    return Recipe.of(source=str(folder / "sentences.txt")).load()


def sensor_log():
    """Three channels: two that oscillate and share a load, and a slow one. Each lacks 2 % of its readings."""
    rng = np.random.default_rng(0)
    rows = np.arange(4000)
    load = 1 + 0.3 * np.sin(2 * np.pi * rows / 390)
    turn = 2 * np.pi * rows / 24
    frame = pd.DataFrame(
        {
            "flow": load * np.sin(turn),
            "pressure": 100 + 3 * load * np.cos(turn),
            "heat": 350 + 8 * load,
        }
    )
    frame += 0.05 * rng.normal(size=frame.shape) * frame.std().to_numpy()
    frame = frame.mask(rng.random(frame.shape) < 0.02)
    frame.insert(0, "time", pd.date_range("2026-01-01", periods=len(frame), freq="s"))
    data = from_log(frame, window=24)
    return data.with_preprocessor(SeriesPreprocessing(data.spec))


def cell(write):
    try:
        parity = write().parity
    except export.ParityError as error:
        return f"refused: {re.search(r'its model: (?:in use: )?(.+?), expected', str(error))[1]}"
    agreement = min(one.get("agreement", 1.0) for one in parity.outputs)
    first = f"{parity.use['error_ratio']:.4f}" if "error_ratio" in parity.use else f"{100 * agreement:.1f} %"
    return f"{first} / {parity.use['rank_correlation']:.4f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--networks", default="dense,conv,spatial,table,text,series,windows")
    options = parser.parse_args()
    print("| network | family | SavedModel | ONNX | " + " | ".join(f"TFLite {p}" for p in PRECISIONS) + " |")
    print("| --- | --- |" + " ---: |" * (2 + len(PRECISIONS)), flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        digits = Recipe.of().load()
        log = sensor_log()
        sources = dict.fromkeys(("dense", "conv", "spatial"), digits)
        sources |= {"table": mixed_table(), "text": sentences(folder), "series": log, "windows": log}
        for network in options.networks.split(","):
            data = sources[network]
            for family in registry.names("model"):
                model = Recipe.of(
                    family, network={"name": NAMES.get(network, network), "latent_dim": 8}
                ).build(data)
                train(model, data, epochs=options.epochs, batch_size=64)
                what = export.Subject.of(model, data=data, name="model")
                place = folder / f"{network}-{family}"
                places = [
                    (export.SavedModel(), place),
                    (export.ONNX(), place.with_suffix(".onnx")),
                    *((tflite, place.with_suffix(".tflite")) for tflite in export.TFLite.variants()),
                ]
                cells = [cell(functools.partial(one.write, what, path)) for one, path in places]
                print(f"| {network} | {family} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
