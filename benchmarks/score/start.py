"""Time to the first answer of `kerasae score`, and its memory over many lines.

    python benchmarks/score/start.py BUNDLE ROWS.csv [--repeats 15] [--lines 1000000]

The first answer is compared with `python -c "import pandas, ai_edge_litert"`, each in a new process in turn.
The ratio of the medians is printed, with the median of the ratios of neighbours. The peak memory is that of
a stream of 20,000 lines, and of `--lines`; it is read from `/proc`, so only Linux has it. `--repeats 0`
measures the memory alone.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

#: Number of lines with whose memory that of `--lines` is compared.
_FEW = 20_000
IMPORTS = "import pandas, ai_edge_litert"
#: The peak of Linux for this process alone; `ru_maxrss` begins with the memory of the parent.
SCORE = """
import sys
from pathlib import Path
from kerasae.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    sys.stderr.write(status["VmHWM"].removesuffix("kB"))
"""


def seconds_of_imports() -> float:
    """Return the duration of a process that imports the libraries."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - begun


def seconds_to_first(bundle: Path, rows: Path) -> float:
    """Return the time from the start of a process to its first answer."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "kerasae", "score", str(bundle), str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        taken = time.perf_counter() - begun
        process.stdout.read()
    return taken


def peak(bundle: Path, rows: Path, lines: int) -> int:
    """Return the peak memory in kB after a stream of so many lines."""
    header, *body = rows.read_bytes().splitlines(keepends=True)
    command = [sys.executable, "-c", SCORE, "score", str(bundle), "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(header)
        for _ in range(max(1, lines // len(body))):
            process.stdin.write(b"".join(body))
        process.stdin.close()
        return int(process.stderr.read().split()[-1])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--lines", type=int, default=1_000_000)
    given = parser.parse_args()
    if given.repeats:
        pairs = [
            (seconds_of_imports(), seconds_to_first(given.bundle, given.rows))
            for _ in range(given.repeats + 1)
        ][1:]
        imports, first = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for other, one in pairs)
        print(f"first answer {first:.3f} s, imports {imports:.3f} s: {first / imports:.2f} ({ratio:.2f})")
    peaks = {lines: peak(given.bundle, given.rows, lines) for lines in (_FEW, given.lines)}
    for lines, kilobytes in peaks.items():
        print(f"{lines:,} lines: {kilobytes:,} kB")
    print(f"ratio: {peaks[given.lines] / peaks[_FEW]:.3f}")


if __name__ == "__main__":
    main()
