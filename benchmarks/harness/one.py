"""Measures one row with one seed in a process of its own, so that no row sees the memory of another.

    python -m benchmarks.harness.one RESULT ROW SEED DATA RUNS test|validation

The last line on the standard output is a JSON object: the figures, and the seconds of earlier trainings of
theirs.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.harness.place import Place
from benchmarks.harness.result import UnavailableError, load


def main(name: str, row: str, seed: str, data: str, runs: str, split: str) -> int:
    """Measure, and print the figures. The status is 3 if something is missing on this machine."""
    measure = load(name).row(row).measure
    if measure is None:
        raise ValueError(
            f"Expected a row that is measured, received {row!r}, which has published figures only."
        )
    place = Place(Path(data), Path(runs), validation=split == "validation")
    try:
        figures = measure(place, int(seed))
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 3
    print(
        json.dumps(
            {"values": {key: float(value) for key, value in figures.items()}, "earlier": place.earlier}
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
