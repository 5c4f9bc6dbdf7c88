"""Whether the C code of a detector answers as TFLite's reference kernels do, to the bit, on many rows.

    python benchmarks/detector/c_agreement.py [SOURCE ...] [--preset detector] [--rows 10000]

For each source it trains, fits the default detector, writes the library in C, and runs `detect` on this
machine and under QEMU, as a Cortex-M4 and as a Cortex-M0+. Half of the rows are held-out ones; the others lie
up to many standard deviations beside them. Some entries are very large, infinite or missing. Printed are the
numbers of rows with another bit in each answer, and with an answer that differs by more than one part in
100,000. Without a source the rows have ten columns of four factors with noise: an array of numbers, and a CSV
with gaps.

It needs gcc, gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from kerasae.export import C99, Subject
from kerasae.export.formats.c99._building import packed, unequal
from kerasae.export.formats.c99._reference import ReferenceModel
from kerasae.export.views import edge_view

from kerasae.runs import Run, run_recipe
from kerasae.workflows import apply, make_recipe

_BOARD = ["-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none", "-semihosting-config"]
_CLOSE = 1e-5


def written(folder: Path) -> list[str]:
    """Write an array of ten columns, and a CSV with gaps; return their paths."""
    rng = np.random.default_rng(0)
    values = 20 + 5 * (rng.normal(size=(4000, 4)) @ rng.normal(size=(4, 10)) + rng.normal(size=(4000, 10)))
    np.save(folder / "numbers.npy", values.astype("float32"))
    frame = pd.DataFrame(values.round(2), columns=[f"c{number}" for number in range(10)])
    frame.mask(rng.random(frame.shape) < 0.05).to_csv(folder / "gaps.csv", index=False)
    return [str(folder / "numbers.npy"), str(folder / "gaps.csv")]


def sent(run: Run, codes: list[int], count: int) -> np.ndarray:
    """Return rows as the C code takes them, `(count, features)`."""
    rng = np.random.default_rng(1)
    held_out = edge_view(run.model.preprocessor).feed(Subject.of(run).held_out)["x"]
    x = held_out[rng.integers(0, len(held_out), count)]
    beside = rng.random(count) < 0.5
    far = np.nanstd(x, axis=0) * np.exp(rng.normal(size=(beside.sum(), 1)))
    x[beside] += far * rng.normal(size=x[beside].shape)
    x[:, codes] = np.round(x[:, codes])
    odd = rng.random(x.shape)
    return np.select([odd < 0.002, odd < 0.004, odd < 0.006], [np.nan, 1e9, -np.inf], x).astype("float32")


def programs(library: Path, build: Path) -> dict[str, list[str]]:
    """Compile the library, and return the command that answers the rows of a file, by machine."""
    made = {"this machine": [str(build / "stream"), "detect", "rows", "answers"]}
    subprocess.run(["make", "-s", "-C", library, "stream", f"BUILD={build}"], check=True)
    words = ",".join(f"arg={word}" for word in ("stream", "detect", "rows", "answers"))
    for core in ("m4", "m0"):
        subprocess.run(
            ["make", "-s", "-C", library, "stream_arm", f"CORE={core}", f"BUILD={build}"], check=True
        )
        kernel = ["-kernel", str(build / f"stream_{core}.elf")]
        made[f"Cortex-{core.upper()}"] = [
            "qemu-system-arm",
            *_BOARD,
            f"enable=on,target=native,{words}",
            *kernel,
        ]
    return made


def compare(source: str, preset: str, rows: int, folder: Path) -> None:
    """Train on a source, and print what differs on each machine."""
    run = run_recipe(make_recipe(source, preset=preset), folder / "run")
    apply("anomaly", run, folder / "odd", baselines=False)
    library = C99().write(run, folder / "detector_c")
    x = sent(run, list(library.facts.get("codes", ())), rows)
    (folder / "rows").write_bytes(packed([x]))
    answers = library.facts["functions"]["detect"]["answers"]
    expected = ReferenceModel.open(library.path).run("detect", {"x": x})
    wanted = [np.ascontiguousarray(expected[name]).reshape(rows, -1) for name in answers]
    name, flagged = Path(source).name, int(np.sum(expected["anomalous"]))
    for machine, command in programs(library.path, folder).items():
        subprocess.run(command, cwd=folder, check=True)
        got = (folder / "answers").read_bytes()
        bits, start, counts = np.frombuffer(got, "uint32").reshape(rows, -1), 0, []
        for value in wanted:
            part = np.ascontiguousarray(bits[:, start : start + value.shape[1]])
            counts.append(int(unequal(part.tobytes(), [value]).sum()))
            start += value.shape[1]
        further = int(unequal(got, wanted, _CLOSE).sum())
        print(f"| {name} | {machine} | {rows:,} | {flagged:,} | ", end="")
        print(" | ".join(map(str, [*counts, further])) + " |", flush=True)


def main() -> None:
    """Run the sources and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sources", nargs="*", help="CSV or NPY files")
    parser.add_argument("--preset", default="detector")
    parser.add_argument("--rows", type=int, default=10_000)
    given = parser.parse_args()
    names = ["score", "p_value", "anomalous", "reason", "share", "value", "expected", "spread"]
    print(f"| source | machine | rows | anomalous | {' | '.join(names)} | beyond {_CLOSE:g} |")
    print("| --- | --- | " + " | ".join(["---:"] * (3 + len(names))) + " |")
    with tempfile.TemporaryDirectory() as home:
        for source in given.sources or written(Path(home)):
            with tempfile.TemporaryDirectory() as folder:
                compare(source, given.preset, given.rows, Path(folder))


if __name__ == "__main__":
    main()
