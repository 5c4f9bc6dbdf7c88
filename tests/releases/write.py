"""The files of a release, which every later one must read.

    python tests/releases/write.py

writes them into `tests/releases/VERSION.zip`, once, before the release. They are never written again: a
change that cannot read them breaks what docs/versions.md promises.
"""

import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

#: Files and folders of a release, in its archive.
PARTS = ("rows.csv", "run", "bundle", "compressed.kae", "index.npz", "tuned", "watch", "expected.json")
#: Rows of the test split whose figures are stored.
_ROWS = 5


def rows(count: int = 160) -> pd.DataFrame:
    """A table of three columns that follow one hidden number."""
    random = np.random.default_rng(0)
    hidden = random.normal(size=count)
    return pd.DataFrame(
        {
            "torque": (40 + 9 * hidden + random.normal(size=count)).round(2),
            "speed": (1500 - 120 * hidden + 15 * random.normal(size=count)).round(1),
            "grade": np.select([hidden > 0.7, hidden > -0.7], ["H", "M"], "L"),
        }
    )


def write(home: Path) -> None:
    """Write the files of this version into an empty folder."""
    from kerasae.tuning import Settings, Space, search

    from kerasae import Recipe
    from kerasae.runs import Run
    from kerasae.workflows import apply, export, monitor, train

    os.chdir(home)
    rows().to_csv("rows.csv", index=False)
    recipe = Recipe.of(
        source="rows.csv",
        latent_dim=2,
        data={"calibration": 0.3},
        network={"widths": [4]},
        train={"epochs": 200, "batch_size": 8},
    )
    train(recipe, "run")
    apply("anomaly", "run", "odd", baselines=False)
    apply("compression", "run", "small", baselines=False, bits=6)
    apply("retrieval", "run", "near", baselines=False)
    shutil.move("small/compressed.kae", "compressed.kae")
    shutil.move("near/index.npz", "index.npz")
    export("run", "bundle", formats=["tflite"], precisions=["float32"], name="pumps")
    monitor("run", "rows.csv", "watch", reference="rows.csv")
    settings = Settings(recipe, Space(latent_dims=(1, 2), depths=(1, 1), widest=(4, 8)), 2, tuner="random")
    search(Path("tuned"), settings, Run.open("run").data)
    # Pages hold pictures, and no release reads them.
    for page in [*Path().rglob("report.html"), *Path().rglob("sections")]:
        shutil.rmtree(page) if page.is_dir() else page.unlink()


def figures() -> dict[str, Any]:
    """Read the files in the working folder, as a user of a release does, and return what they give."""
    import keras
    from kerasae.tuning import Settings
    from kerasae.tuning.trials import read_trials

    from kerasae import Run
    from kerasae.applications import AnomalyDetector, Compression, Retrieval
    from kerasae.workflows import score, verify

    run = Run.open("run")
    examples = run.data.test.head(_ROWS)
    detector = AnomalyDetector.load(run.application_folder("anomaly"), run.model)
    verdict = verify("bundle")
    answers = [answer for _, answer in zip(range(_ROWS), score("bundle", "rows.csv"), strict=False)]
    trials = read_trials(Path("tuned/search"))
    return {
        "family": run.recipe.model["name"],
        "rows": dict(run.data.rows),
        "epochs": run.training["epochs"],
        "parameters": [keras.saving.load_model(path).count_params() for path in (run.encoder_path,)],
        "codes": run.model.transform(examples).tolist(),
        "reconstructions": run.model.inverse_transform(run.model.transform(examples)).to_dict("list"),
        "scores": detector.score_samples(examples).tolist(),
        "threshold": float(detector.threshold_),
        "decompressed": Compression.decompress_file("compressed.kae", run).head(_ROWS).to_dict("list"),
        "nearest": Retrieval.read_index("index.npz", run.model).kneighbors(examples, 2)[1].tolist(),
        "bundle": [verdict.artifacts, verdict.faults],
        "answers": [[one["score"], one["p_value"], one["anomalous"]] for one in answers],
        "trials": [Settings.read(Path("tuned/tuning.json")).trials, [one.figures for one in trials]],
    }


def main() -> None:
    """Write the archive of this version."""
    import kerasae
    from kerasae.backend import import_tensorflow

    import_tensorflow()
    target = Path(__file__).parent / f"{kerasae.__version__}.zip"
    if target.exists():
        raise SystemExit(f"Expected no file {target} yet; the files of a release are never written again.")
    with tempfile.TemporaryDirectory() as place:
        home = Path(place, "pumps")
        home.mkdir()
        write(home)
        Path("expected.json").write_text(json.dumps(figures(), indent=1) + "\n")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for part in PARTS:
                for path in sorted([Path(part), *Path(part).rglob("*")]):
                    if path.is_file() and "workers" not in path.parts:
                        archive.write(path)
    print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
