"""Damaged and hostile files for every reader of a file.

    python benchmarks/fuzz.py all --inputs 1000
    python benchmarks/fuzz.py csv --inputs 1000000 --workers 4

Sound files are changed at random: bytes, numbers, fields of a header, entries of JSON, members of an archive,
with checksums made good again where a reader checks them. A reader may take a file or refuse it. It refuses
it with a ValueError, TypeError or OSError of its own, in one line. Everything else is a failure: another
exception, one that comes from below or whose traceback a library shows, an input that takes more than 5 s,
one for which 2 GiB do not suffice, and one that ends the process. Of each kind of failure the first input is
kept in `--out`. Printed are inputs a second and what the reader answered. Exit status 1 after a failure.
"""

import argparse
import collections
import concurrent.futures
import faulthandler
import functools
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

from fuzzing import READERS
from fuzzing.judge import Failures, opened, read_damaged
from fuzzing.reader import Reader

#: Memory for all inputs of a worker, beyond what it holds once it is ready.
BYTES = 2 * 2**30
#: Inputs that a worker reads at a time.
PART = 500


def fuzz(
    name: str, inputs: int, seed: int, workers: int, home: Path
) -> tuple[collections.Counter[str], Failures, float]:
    """Read damaged files in processes of their own.

    Args:
        name: Of the reader.
        inputs: Number of files.
        seed: Of the changes; the files are the same for any number of workers.
        workers: Number of processes.
        home: Folder on a quick disk, in which each worker gets one.

    Returns:
        How often the reader took a file, or refused it with an exception, by name; by kind of failure the
        first message and input; and the seconds that the workers took together.
    """
    answers: collections.Counter[str] = collections.Counter()
    failures: Failures = {}
    seconds = 0.0
    parts = [range(first, min(first + PART, inputs)) for first in range(0, inputs, PART)]
    # Forked before anything imports TensorFlow, which each worker does for itself.
    with concurrent.futures.ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        try:
            read = functools.partial(_read, name, home, seed)
            for some_answers, some_failures, took in pool.map(read, parts):
                answers += some_answers
                seconds += took
                failures = some_failures | failures
        except BrokenProcessPool:
            for place in sorted(home.glob(f"*/{READERS[name].file}")):
                kind = f"a process died, perhaps of this, {len(failures)}"
                failures[kind] = "", place.read_bytes()
    return answers, failures, seconds


def _read(
    name: str, home: Path, seed: int, numbers: range
) -> tuple[collections.Counter[str], Failures, float]:
    reader = _opened(name, home)
    began = time.perf_counter()
    answers, failures = read_damaged(reader, numbers, seed)
    return answers, failures, time.perf_counter() - began


@functools.cache
def _opened(name: str, home: Path) -> Reader:
    """The reader of this worker; from then on its memory is bounded."""
    faulthandler.enable()
    folder = home / str(os.getpid())
    folder.mkdir()
    reader = opened(READERS[name], folder)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + BYTES, resource.RLIM_INFINITY))
    return reader


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reader", choices=["all", *READERS])
    parser.add_argument("--inputs", type=int, default=1000, help="files to read [default: 1000]")
    parser.add_argument("--seed", type=int, default=0, help="of the changes [default: 0]")
    parser.add_argument("--workers", type=int, default=1, help="processes [default: 1]")
    parser.add_argument(
        "--out", type=Path, default=Path("fuzz"), help="folder for inputs that fail [default: fuzz]"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    memory = Path("/dev/shm")
    failed = False
    for name in READERS if arguments.reader == "all" else [arguments.reader]:
        with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as home:
            answers, failures, seconds = fuzz(
                name, arguments.inputs, arguments.seed, arguments.workers, Path(home)
            )
        pace = answers.total() * arguments.workers / max(seconds, 1e-9)
        said = ", ".join(f"{answer} {count:,}" for answer, count in answers.most_common())
        print(f"{name}: {answers.total():,} inputs, {pace:,.0f} a second: {said}", flush=True)
        for number, (kind, (message, data)) in enumerate(failures.items()):
            path = arguments.out / f"{name}-{number}{Path(READERS[name].file).suffix}"
            path.write_bytes(data)
            print(f"  FAILED {kind}, {path}\n         {message[:200]!r}", flush=True)
        failed |= bool(failures)
    sys.exit(failed)


if __name__ == "__main__":
    main()
