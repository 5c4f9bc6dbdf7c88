"""Sines with planted faults: which faults the alarms of a log find, and how many alarms are false.

Three channels of sines with noise: 12,000 rows to train on, and 10,000 rows with seven faults. The commands
are those of a user, with default settings:

    kerasae train train.csv --time time --window 50 --out run
    kerasae apply anomaly run faults.csv --out found

    python -m benchmarks.series.planted [--seeds 5] [--train="--preset detector"] [--apply="--score whitened"]

prints a line for each seed. A fault is found if an alarm touches it: one of the windows that hold a reading
of it. It is named if the first channel of the highest such alarm is the faulty one. An alarm that touches no
fault is false.
"""

import argparse
import contextlib
import dataclasses
import io
import os
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

#: Rows to train on, rows with faults, and steps of a window.
TRAINING, ROWS, WINDOW = 12_000, 10_000, 50
CHANNELS = ("flow", "pressure", "current")
#: Standard deviation of the noise; the amplitude of the sines is 1.
NOISE = 0.1
_START = "2026-01-01"


@dataclasses.dataclass(frozen=True)
class Fault:
    """A planted fault.

    Args:
        name: What is planted.
        channels: Channels one of which must be named.
        first: First row.
        rows: Number of rows.
        plant: Takes the values of the rows, `(rows, channels)`, and the numbers of the rows, and returns the
            faulty values.
    """

    name: str
    channels: tuple[str, ...]
    first: int
    rows: int
    plant: Callable[[np.ndarray, np.ndarray], np.ndarray]


def log(rows: int, seed: int, first: int = 0) -> pd.DataFrame:
    """Return a log of sines with noise, one row a second, from row `first` on."""
    steps = np.arange(first, first + rows)
    noise = NOISE * np.random.default_rng(seed).normal(size=(rows, len(CHANNELS)))
    frame = pd.DataFrame(_sines(steps) + noise, columns=list(CHANNELS)).round(4)
    stamps = pd.Timestamp(_START) + pd.to_timedelta(steps, unit="s")
    frame.insert(0, "time", stamps)
    return frame


def _sines(steps: np.ndarray) -> np.ndarray:
    turns = 2 * np.pi * steps[:, None] / np.array([25.0, 40.0, 50.0])
    return np.sin(turns + np.array([0.0, 1.0, 2.0]))


def _moved(
    number: int, by: Callable[[np.ndarray], np.ndarray]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return a fault that adds to one channel what `by` returns for the numbers of the rows."""

    def plant(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
        values = values.copy()
        values[:, number] += by(steps)
        return values

    return plant


def _faster(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Make the first channel one and a half times as fast."""
    own = _sines(steps[0] + 1.5 * (steps - steps[0]))[:, 0] - _sines(steps)[:, 0]
    return _moved(0, lambda _: own)(values, steps)


def _stuck(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[:, 1] = values[0, 1]
    return values


def _missing(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[:, 2] = np.nan
    return values


FAULTS = (
    Fault("spike", ("flow",), 1200, 1, _moved(0, lambda steps: np.full(len(steps), 2.0))),
    Fault("level shift", ("pressure",), 2400, 120, _moved(1, lambda steps: np.full(len(steps), 1.0))),
    Fault("drift", ("current",), 3600, 400, _moved(2, lambda steps: np.linspace(0, 2, len(steps)))),
    Fault("frequency change", ("flow",), 4900, 200, _faster),
    Fault("stuck channel", ("pressure",), 6100, 120, _stuck),
    Fault("missing stretch", ("current",), 7300, 100, _missing),
    Fault("swapped channels", ("flow", "current"), 8500, 120, lambda values, _: values[:, [2, 1, 0]]),
)


def faulty(seed: int) -> pd.DataFrame:
    """Return the log with the faults."""
    frame = log(ROWS, seed, TRAINING)
    for fault in FAULTS:
        part = slice(fault.first, fault.first + fault.rows)
        steps = TRAINING + np.arange(part.start, part.stop)
        values = frame.loc[:, list(CHANNELS)].to_numpy(copy=True)
        values[part] = fault.plant(values[part], steps)
        frame[list(CHANNELS)] = values
    return frame


@dataclasses.dataclass(frozen=True)
class Counted:
    """What the alarms of a log found.

    Args:
        found: Highest score of the alarms that touch each fault, by its name; NaN without one.
        named: Names of the faults whose channel the highest alarm names first.
        false: Scores of the false alarms.
    """

    found: dict[str, float]
    named: list[str]
    false: list[float]


def counted(alarms: pd.DataFrame) -> Counted:
    """Return what alarms found.

    Args:
        alarms: Table `alarms.csv` of `kerasae apply anomaly`.
    """
    begin = pd.Timestamp(_START) + pd.Timedelta(seconds=TRAINING)
    ends = [
        ((pd.to_datetime(alarms[name]) - begin).dt.total_seconds()).to_numpy() for name in ("start", "end")
    ]
    false = np.ones(len(alarms), bool)
    found, named = {}, []
    for fault in FAULTS:
        # The last window that holds a reading of it ends a window later.
        touches = (ends[0] < fault.first + fault.rows + WINDOW - 1) & (ends[1] >= fault.first)
        false &= ~touches
        scores = alarms["score"].where(touches)
        found[fault.name] = float(scores.max())
        if touches.any() and alarms["channel_1"][scores.idxmax()] in fault.channels:
            named.append(fault.name)
    return Counted(found, named, sorted(alarms["score"][false], reverse=True))


def run(seed: int, folder: Path, train: str = "", apply: str = "") -> tuple[Counted, pd.DataFrame]:
    """Train on a log, find alarms in another one, and return what they found, and all alarms.

    Args:
        seed: Seed of the noise.
        folder: Folder for the files, which exists.
        train: Other options of `kerasae train`. Defaults to none.
        apply: Other options of `kerasae apply anomaly`. Defaults to none.
    """
    log(TRAINING, 2 * seed).to_csv(folder / "train.csv", index=False)
    faulty(2 * seed + 1).to_csv(folder / "faults.csv", index=False)
    trained, found = folder / "run", folder / "found"
    options = ["--time", "time", "--window", str(WINDOW), "--out", str(trained)]
    _command("train", str(folder / "train.csv"), *options, *shlex.split(train))
    options = ["--out", str(found), *shlex.split(apply)]
    _command("apply", "anomaly", str(trained), str(folder / "faults.csv"), *options)
    alarms = pd.read_csv(folder / "found" / "alarms.csv")
    return counted(alarms), alarms


def _command(*words: str) -> None:
    """Run a command of kerasae, and raise if it fails."""
    from kerasae.cli import main

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            main([*words])
    except SystemExit as ended:
        if ended.code:
            raise RuntimeError(f"kerasae {' '.join(words)} ended with status {ended.code}.") from None


def main() -> None:
    """Run all seeds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds [default: 5]")
    parser.add_argument("--first", type=int, default=0, help="first seed [default: 0]")
    parser.add_argument("--train", default="", help="other options of kerasae train")
    parser.add_argument("--apply", default="", help="other options of kerasae apply anomaly")
    parser.add_argument("--keep", type=Path, help="folder that keeps the files of each seed")
    arguments = parser.parse_args()
    names = [fault.name for fault in FAULTS]
    print(f"| seed | found | named | false alarms | highest false | {' | '.join(names)} |")
    print("| --- |" + " --- |" * (4 + len(names)))
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) if arguments.keep is None else arguments.keep / str(seed)
            folder.mkdir(parents=True, exist_ok=True)
            result, _ = run(seed, folder, arguments.train, arguments.apply)
        scores = [result.found[name] for name in names]
        cells = [
            str(seed),
            str(sum(np.isfinite(scores))),
            str(len(result.named)),
            str(len(result.false)),
            f"{max(result.false, default=np.nan):.3g}",
            *(
                f"{score:.3g}{'' if name in result.named else ' (other)'}"
                for score, name in zip(scores, names, strict=True)
            ),
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
