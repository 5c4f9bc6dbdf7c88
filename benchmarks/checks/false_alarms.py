"""Whether rates of false alarms hold: normal rows, a training, and as many alarms on fresh rows as promised.

python benchmarks/checks/false_alarms.py
python benchmarks/checks/false_alarms.py --repetitions 10 --paths tune estimator

A repetition draws normal rows, trains on them along one of these paths, finds a threshold at each rate and
counts the fresh normal rows above it. The networks are small, and the rows so few that they are learnt by
heart: a threshold from rows that were trained on would flag several times as many.

train: `kerasae train` and `kerasae apply anomaly`.
tune: two trials, the better one trained again on training and validation rows, by the code of `kerasae tune`
    in this process.
preset: as `train`, with the settings of `--preset detector` in fewer steps.
estimator: `kerasae.sklearn.AutoencoderDetector`, `fit` and `predict`.
export: as `preset`, exported: the decisions of the SavedModel, of the TFLite files in float32 and int8, and
    of the C code, each by its own p-values. It takes half a minute each and runs only where it is named.
command: as `tune`, by the command itself with its worker processes. It takes half a minute each and runs
    only where it is named.

Given 199 calibration rows, a rate `r` and `k = 200 r`, the count follows a beta-binomial distribution with
`k` and `200 - k`. Exit status 1 if it does not: by its mean, by a Kolmogorov-Smirnov test, or by counts
outside the intervals that 95 % and 99.9 % of them lie in. Each test fails once in ten thousand times by
chance.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from scipy import stats

RATES = (0.01, 0.05, 0.1)
COLUMNS, CALIBRATION, FRESH = 12, 199, 1000
#: Rows for a run: 100 to test, 40 to validate, 199 to calibrate and 161 to train on; and for an estimator.
ROWS, ESTIMATOR_ROWS = 500, 400
#: Chance of a breach where all is well, of each test.
CHANCE = 1e-4


def normal_rows(rows: int, seed: list[int]) -> np.ndarray:
    """Rows near a plane of three dimensions, `(rows, COLUMNS)`."""
    mixing = np.random.default_rng(0).normal(size=(3, COLUMNS))
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 3)) @ mixing + 0.5 * rng.normal(size=(rows, COLUMNS))


def recipe(folder: Path, repetition: int):
    """The recipe that the paths share, on rows of this repetition in a file."""
    from kerasae import Recipe

    np.save(folder / "rows.npy", normal_rows(ROWS, [repetition, 0]))
    return Recipe.of(
        "denoising",
        source=str(folder / "rows.npy"),
        latent_dim=6,
        data={"calibration": 0.4975},
        network={"widths": [48]},
        train={
            "epochs": 30,
            "batch_size": 32,
            "learning_rate": 3e-3,
            "seed": repetition,
            "jit_compile": False,
        },
    )


def counts_of_run(run_folder: Path, fresh: np.ndarray) -> list[int]:
    """Fresh rows that a run flags at each rate; what a later process would find in the folder."""
    from kerasae.applications import AnomalyDetector
    from kerasae.runs import Run

    run = Run.open(run_folder)
    found = []
    for rate in RATES:
        detector = AnomalyDetector(run.model, false_alarms=rate).fit(run.data)
        assert len(detector.calibration_) == CALIBRATION
        found.append(int(detector.predict(fresh).sum()))
    return found


def check_command(folder: Path, fresh: np.ndarray, count: int) -> None:
    """What `kerasae apply anomaly` flags at the last rate is what was counted."""
    from kerasae.workflows import apply

    np.save(folder / "fresh.npy", fresh)
    outcome = apply(
        "anomaly",
        folder / "run",
        folder / "found",
        source=str(folder / "fresh.npy"),
        baselines=False,
        false_alarms=RATES[-1],
    )
    flagged = next(iter(outcome.findings.values())).figures["flagged"]
    if flagged != count:
        raise ValueError(f"Expected {count} flagged rows from `kerasae apply anomaly`, received {flagged}.")


def by_training(folder: Path, repetition: int, fresh: np.ndarray) -> list[int]:
    """`kerasae train`."""
    from kerasae.runs import run_recipe

    run_recipe(recipe(folder, repetition), folder / "run")
    return counts_of_run(folder / "run", fresh)


def by_preset(folder: Path, repetition: int, fresh: np.ndarray) -> list[int]:
    """`kerasae train --preset detector`, in fewer steps and narrower."""
    from kerasae.presets import settings
    from kerasae.runs import run_recipe

    plain = recipe(folder, repetition)
    few = {"train.steps": 200, "train.batch_size": 64, "network.widths": [48], "network.latent_dim": 24}
    run_recipe(plain.override({**settings("detector", plain.load().spec), **few}), folder / "run")
    return counts_of_run(folder / "run", fresh)


def by_search(folder: Path, repetition: int, fresh: np.ndarray) -> list[int]:
    """Trials of two code sizes, and the winner by the recipe of `kerasae tune`, all in this process."""
    from kerasae.tuning.objectives import judged
    from kerasae.tuning.refit import winning_recipe
    from kerasae.tuning.settings import Settings
    from kerasae.tuning.trials import Trial

    from kerasae import train
    from kerasae.runs import run_recipe

    searched = recipe(folder, repetition)
    data = searched.load()
    trials = []
    for number, size in enumerate((3, 9)):
        drawn = {"network.latent_dim": size}
        tried = searched.override(drawn)
        model = tried.build(data)
        history = train(model, data, **tried.train)
        found = {**judged(model, data, "error")[0], "epochs": float(history.best_epoch)}
        values = {"latent_dim": size}
        trials.append(Trial(number, "COMPLETED", values, drawn, found, history.reductions, 0.0, ""))
    best = min(trials, key=lambda trial: trial.figures["val_error"])
    run_recipe(winning_recipe(Settings(searched), best), folder / "run")
    return counts_of_run(folder / "run", fresh)


def by_tune_command(folder: Path, repetition: int, fresh: np.ndarray) -> list[int]:
    """`kerasae tune`, the command itself, with two trials of at most 30 epochs."""
    recipe(folder, repetition)
    command = [
        *(sys.executable, "-m", "kerasae", "tune", str(folder / "rows.npy"), "--out", str(folder / "run")),
        *("--model", "denoising", "--trials", "2", "--latent-dims", "3,9", "--jobs", "1"),
        *("--epochs", "30", "--batch-size", "32", "--learning-rate", "3e-3", "--seed", str(repetition)),
        *("--set", "data.calibration=0.4975", "--set", "train.jit_compile=false"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"`kerasae tune` ended with {done.returncode}: {done.stderr[-500:]}")
    return counts_of_run(folder / "run", fresh)


def by_estimator(folder: Path, repetition: int, fresh: np.ndarray) -> list[int]:
    """`AutoencoderDetector`, fitted at each rate."""
    from kerasae.sklearn import AutoencoderDetector

    rows = normal_rows(ESTIMATOR_ROWS, [repetition, 0])
    settings = {
        "train.steps": 200,
        "train.batch_size": 64,
        "network.widths": [48],
        "train.jit_compile": False,
    }
    found = []
    for rate in RATES:
        detector = AutoencoderDetector(
            contamination=rate, calibration=0.4975, latent_dim=24, settings=settings, random_state=repetition
        )
        found.append(int((detector.fit(rows).predict(fresh) == -1).sum()))
    return found


def by_export(folder: Path, repetition: int, fresh: np.ndarray) -> list[int]:
    """`kerasae export` after `by_preset`; counts of each artifact, by rate."""
    from kerasae.export.scoring import Scorer

    from kerasae import export as artifacts
    from kerasae.workflows import apply, export

    by_preset(folder, repetition, fresh)
    apply("anomaly", folder / "run", folder / "use", baselines=False)
    export(
        folder / "run",
        folder / "ship",
        formats=["saved_model", "tflite", "c99"],
        precisions=["float32", "int8"],
        name="normal",
    )
    served = artifacts.SavedModel.open(folder / "ship/server/normal/1")
    p_values = [served.run("detect", {"x": fresh.astype("float32")})["p_value"]]
    for precision in ("float32", "int8"):
        scorer = Scorer(folder / f"ship/edge/normal_{precision}.tflite")
        p_values.append(np.array([outputs["p_value"][0] for outputs in scorer.raw_answers(fresh)]))
    p_values.append(p_values_of_c(folder / "ship/tiny/normal_c", fresh))
    # A p-value is a multiple of 1 / 200.
    return [int((values <= rate + 1e-4).sum()) for values in p_values for rate in RATES]


def p_values_of_c(library: Path, fresh: np.ndarray) -> np.ndarray:
    """The p-values of a library in C, compiled with gcc."""
    program, rows, answers = (library.with_name(name) for name in ("stream", "rows", "answers"))
    (source,) = (library / "src").glob("*.c")
    subprocess.run(
        ["gcc", "-std=c99", "-O2", library / "test" / "stream.c", source, "-lm", "-o", program], check=True
    )
    rows.write_bytes(fresh.astype("float32").tobytes())
    subprocess.run([program, "detect", rows, answers], check=True)
    # A result begins with score, p-value and decision.
    return np.fromfile(answers, "float32").reshape(len(fresh), -1)[:, 1]


PATHS = {
    "train": by_training,
    "tune": by_search,
    "preset": by_preset,
    "estimator": by_estimator,
    "export": by_export,
    "command": by_tune_command,
}

#: Names of what is counted along a path that counts several things; for any other it is the path itself.
COUNTED = {"export": ("SavedModel", "float32", "int8", "C")}


def repeat(path: str, repetition: int) -> list[int]:
    """The counts of false alarms of one repetition, by what is counted and by rate."""
    import keras

    keras.backend.clear_session()
    fresh = normal_rows(FRESH, [repetition, 1])
    with tempfile.TemporaryDirectory() as home:
        counts = PATHS[path](Path(home), repetition, fresh)
        if repetition == 0 and path not in ("estimator", "export"):
            check_command(Path(home), fresh, counts[-1])
    return counts


def judge(path: str, rate: float, counts: np.ndarray) -> bool:
    """Prints what came of a path at a rate; whether it is as promised."""
    rank = round(rate * (CALIBRATION + 1))
    theory = stats.betabinom(FRESH, rank, CALIBRATION + 1 - rank)
    total = len(counts)
    z = (counts.mean() - theory.mean()) / (theory.std() / np.sqrt(total))
    # A uniform draw inside each step makes the discrete distribution continuous.
    lower, step = theory.cdf(counts - 1), theory.pmf(counts)
    uniform = lower + np.random.default_rng(0).random(total) * step
    ks = stats.kstest(uniform, "uniform").pvalue
    outside = []
    for level in (0.95, 0.999):
        low, high = theory.interval(level)
        outside.append(int(((counts < low) | (counts > high)).sum()))
    # The intervals are of whole numbers, so that they hold a little more than their level.
    few = all(
        count <= stats.binom.isf(CHANCE, total, 1 - level)
        for count, level in zip(outside, (0.95, 0.999), strict=True)
    )
    good = bool(abs(z) < stats.norm.isf(CHANCE / 2) and ks > CHANCE and few)
    print(
        f"{path:10}{rate:6.0%}{counts.mean() / FRESH:10.2%}{counts.std() / FRESH:10.2%}"
        f"{theory.std() / FRESH:12.2%}{total - outside[0]:7} of {total:<4}"
        f"{total - outside[1]:6} of {total:<4}"
        f"{z:8.2f}{ks:10.3f}   {'as promised' if good else 'BREACH'}",
        flush=True,
    )
    return good


def batches(repetitions: int) -> list[range]:
    """The repetitions, at most 50 in a process: Keras keeps a little of every model."""
    return [range(start, min(start + 50, repetitions)) for start in range(0, repetitions, 50)]


def repeated(path: str, repetitions: range, arguments: argparse.Namespace) -> list[list[int]]:
    """The counts of some repetitions of a path.

    Python 3.11 has `max_tasks_per_child` for this, and waits for ever with it (its issue 115634).
    """
    with ProcessPoolExecutor(arguments.jobs, multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(repeat, [path] * len(repetitions), repetitions))


def main() -> None:
    """Runs the repetitions and prints what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--paths", nargs="+", choices=PATHS, default=[*PATHS][:-2])
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes, one thread each")
    arguments = parser.parse_args()
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
    print(
        f"{'path':10}{'rate':>6}{'flagged':>10}{'spread':>10}{'in theory':>12}{'in 95 %':>14}"
        f"{'in 99.9 %':>14}{'z':>7}{'KS':>10}",
        flush=True,
    )
    good, began = True, time.perf_counter()
    for path in arguments.paths:
        found = [
            counts for part in batches(arguments.repetitions) for counts in repeated(path, part, arguments)
        ]
        named = [(name, rate) for name in COUNTED.get(path, (path,)) for rate in RATES]
        for (name, rate), counts in zip(named, np.array(found).T, strict=True):
            good &= judge(name, rate, counts)
    print(
        f"{arguments.repetitions} repetitions of {len(arguments.paths)} paths: "
        f"{time.perf_counter() - began:.0f} s"
    )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
