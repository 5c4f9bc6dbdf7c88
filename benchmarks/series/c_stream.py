"""Whether the stream of a C library answers as `kerasae.export.Stream` does, on a million readings.

    python benchmarks/series/c_stream.py [LOG] [--time time] [--window 24] [--families all] \\
        [--networks series,dense] [--run RUN] [--readings 1000000] [--arm 20000] \\
        [--smooth 5] [--release 0.8] [--least 3]

It trains each family on a log (by default one of three channels with gaps that it makes up), fits the default
detector, writes the library in C, and pushes readings on this machine, and under QEMU as a Cortex-M4 and a
Cortex-M0+.
A tenth of the readings are odd, some are missing or infinite, whole windows are missing, and one reading in a
hundred begins anew. Printed are the readings, the answers, the alarms, and the number of readings with
another bit in the score, the p-value, the decision or the alarm; then flash and memory in bytes.

It needs gcc, gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "shared"))

import numpy as np
import pandas as pd
from c_libraries import of_c, of_python, on_qemu, readings_of, unlike
from kerasae.export import C99, Subject
from kerasae.export.embedded import embedded_facts

from kerasae import Recipe, registry
from kerasae.calibration import AlarmRule
from kerasae.runs import Run, run_recipe
from kerasae.workflows import apply


def written(folder: Path) -> Path:
    """Write a log of three channels, of which each lacks 2 % of its readings."""
    rng = np.random.default_rng(0)
    rows = np.arange(6000)
    load = 1 + 0.3 * np.sin(2 * np.pi * rows / 390)
    turn = 2 * np.pi * rows / 24
    frame = pd.DataFrame(
        {"flow": load * np.sin(turn), "pressure": 100 + 3 * load * np.cos(turn), "heat": 350 + 8 * load}
    )
    frame += 0.1 * rng.normal(size=frame.shape) * frame.std().to_numpy()
    frame = frame.mask(rng.random(frame.shape) < 0.02)
    frame.insert(0, "time", pd.date_range("2026-01-01", periods=len(frame), freq="s"))
    frame.to_csv(folder / "log.csv", index=False)
    return folder / "log.csv"


def main() -> None:
    """Train, write the library, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("log", nargs="?", type=Path, help="CSV file")
    parser.add_argument("--run", type=Path, help="run with a detector, in place of a training")
    parser.add_argument("--time", default="time")
    parser.add_argument("--window", type=int, default=24)
    parser.add_argument("--families", default=",".join(registry.names("model")))
    parser.add_argument("--networks", default="series")
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--arm", type=int, default=20_000)
    parser.add_argument("--smooth", type=int, default=5)
    parser.add_argument("--release", type=float, default=0.8)
    parser.add_argument("--least", type=int, default=3)
    options = parser.parse_args()
    columns = ["network", "family", "machine", "readings", "answers", "alarms", "other bits", "µs a reading"]
    print("| " + " | ".join(columns) + " |\n| --- | --- | --- |" + " ---: |" * 5, flush=True)
    cases = itertools.product(options.networks.split(","), options.families.split(","))
    for network, family in [("", "")] if options.run else cases:
        with tempfile.TemporaryDirectory() as name:
            compare(options, network, family, Path(name))


def trained(options: argparse.Namespace, network: str, family: str, folder: Path) -> Run:
    """Train on the log, and fit the default detector."""
    source = {"name": "series", "time": options.time, "window": options.window}
    path = str(options.log or written(folder))
    recipe = Recipe.of(family, source=path, data=source, latent_dim=6, network={"name": network})
    run = run_recipe(recipe, folder / "run")
    apply("anomaly", run, folder / "odd", baselines=False)
    return run


def compare(options: argparse.Namespace, network: str, family: str, folder: Path) -> None:
    """Print a line for each machine."""
    run = Run.open(options.run) if options.run else trained(options, network, family, folder)
    library = C99().write(run, folder / "pump_c")
    threshold = embedded_facts((library.path / "pump.tflite").read_bytes())["detector"]["threshold"]
    rule = AlarmRule(float(np.float32(threshold)), options.smooth, options.release, options.least)
    subject = Subject.of(run)
    rows, begins = readings_of(subject.preprocessor.spec, subject.held_out, options.readings)
    start = time.perf_counter()
    expected = of_python(library.path, rows, begins, rule)
    python = 1e6 * (time.perf_counter() - start) / len(rows)
    label = f"| {run.recipe.network['name']} | {run.recipe.model['name']} |"
    print(f"{label} Python | {len(rows):,} | | | | {python:.0f} |", flush=True)
    define = f"-DPUMP_SMOOTH={rule.smooth} -DPUMP_RELEASE={rule.release} -DPUMP_LEAST={rule.least}"
    words = ["make", "-s", "-C", str(library.path), f"BUILD={folder}"]
    subprocess.run([*words, "stream", f"CFLAGS=-O2 {define}"], check=True)
    machines = {"this machine": ([folder / "stream", "push", "rows", "answers"], len(rows))}
    for core in ("m4", "m0"):
        subprocess.run([*words, "stream_arm", f"CORE={core}", f"ARM=arm-none-eabi-gcc {define}"], check=True)
        machines[f"Cortex-{core.upper()}, emulated"] = (
            on_qemu(folder / f"stream_{core}.elf", "push"),
            min(options.arm, len(rows)),
        )
    for machine, (command, count) in machines.items():
        start = time.perf_counter()
        got = of_c(command, folder, rows[:count], begins[:count])
        taken = 1e6 * (time.perf_counter() - start) / count
        wanted = [part[:count] for part in expected]
        answers, alarms = int(wanted[0].sum()), int(wanted[2][:, 1].sum())
        cells = [
            machine,
            f"{count:,}",
            f"{answers:,}",
            f"{alarms:,}",
            f"{unlike(wanted, got)}",
            f"{taken:.0f}",
        ]
        print(f"{label} {' | '.join(cells)} |", flush=True)
    for core, sizes in library.facts["measured"].items():
        shown = ", ".join(f"{name} {sizes[name]:,}" for name in ("flash", "ram", "stack"))
        print(f"{label} {core}: {shown} bytes |", flush=True)


if __name__ == "__main__":
    main()
