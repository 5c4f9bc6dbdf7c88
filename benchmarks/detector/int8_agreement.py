"""Whether the int8 file of the default detector decides as the Keras model does, on real tables.

    python benchmarks/detector/int8_agreement.py ../shared/data [--every 6]

For every sixth table of ODDBench (normal rows to train on; test rows with anomalies) and for the mixed tables
of `tables` (a part of the rows is held out), it trains with the preset `detector`, exports an int8 file, and
runs the file on up to 2,000 test rows, which neither set its ranges nor chose its bits. Printed are the bits
of activations and weights that the export chose or that it refused the file, the rank correlation of the
scores, and how many of the rows that the model flags at 5 % false alarms have the same first reason in the
file. "Decided" are the rows whose first two shares of the score differ by 0.05 or more: with smaller
differences rounding decides. The last line is about the files that were not refused.

Equal rows have one score. The model scores many rows at once, and the last bit of a score depends on the
place of its row, so that equal rows would differ in rank.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from kerasae.export import Subject, TFLite
from kerasae.export.parity import ExportError, make_cases
from kerasae.export.verify_edge import MARGIN, EdgeModel
from kerasae.export.views import edge_view
from scipy.stats import spearmanr

from kerasae.data import read_examples
from kerasae.runs import Run, run_recipe
from kerasae.workflows import apply
from kerasae.workflows.recipes import make_recipe

_MOST, _ALARMS = 2000, 0.05


def main() -> None:
    """Train, export and compare table by table, and print what agrees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="shared/data")
    parser.add_argument("--every", type=int, default=6, help="step through the tables of ODDBench")
    arguments = parser.parse_args()
    print("| table | columns | bits | rank | flagged | same first reason | decided | same |")
    print("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    sums = np.zeros(4, int)
    ranks = []
    oddbench = sorted((arguments.folder / "oddbench").glob("*.npz"))[:: arguments.every]
    for path in [*oddbench, *sorted((arguments.folder / "tables").glob("*.csv"))]:
        with tempfile.TemporaryDirectory() as folder:
            run, rows = _trained(path, Path(folder))
            rank, kind, counts = _compared(run, rows)
        if "refused" not in kind:
            ranks.append(rank)
            sums += counts
        cells = [path.stem, run.model.spec.size, kind, f"{rank:.4f}", *counts]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    flagged, same, decided, same_decided = sums
    print(f"\nRank correlation at least {min(ranks):.4f}; the same first reason in")
    print(f"{100 * same / flagged:.2f} % of {flagged} flagged rows,")
    print(f"{100 * same_decided / decided:.2f} % of the {decided} decided ones.")


def _trained(path: Path, folder: Path) -> tuple[Run, Any]:
    """Return a run with a detector, and test rows."""
    source = path
    if path.suffix == ".npz":
        stored = np.load(path, allow_pickle=False)
        source = folder / "rows.npy"
        np.save(source, stored["train"][:5000].astype("float32"))
        np.save(folder / "test.npy", stored["test"][:_MOST].astype("float32"))
    run = run_recipe(make_recipe(str(source), preset="detector"), folder / "run")
    apply("anomaly", run, folder / "found", baselines=False)
    if path.suffix == ".npz":
        return run, read_examples(str(folder / "test.npy"), run.recipe.data, run.model.spec)[1].examples
    return run, run.data.test.drawn(_MOST).examples


def _compared(run: Run, rows: Any) -> tuple[float, str, list[int]]:
    """Return the rank correlation, the bits with "refused" if they were, and the counts of the table."""
    subject = Subject.of(run, data=run.data, examples=rows)
    view = edge_view(subject.preprocessor)
    content = TFLite(precision="int8").content(subject, view)
    kind = _bits(content)
    try:
        TFLite(precision="int8").write(Subject.of(run), run.folder / "int8.tflite")
    except ExportError:
        kind += ", refused"
    case = make_cases(subject, view, seeded=False)["detect"]
    expected, got = case.expected, EdgeModel(content).run("detect", case.sent)
    first, same_row = _equal_rows(case.sent)
    rank = float(spearmanr(expected["score"].ravel()[first][same_row], got["score"].ravel()).statistic)
    flagged = expected["p_value"].ravel() <= _ALARMS
    same = expected["reason"][:, 0] == got["reason"][:, 0]
    decided = flagged & (expected["share"][:, 0] - expected["share"][:, 1] >= MARGIN)
    counts = [int(part.sum()) for part in (flagged, flagged & same, decided, decided & same)]
    return rank, kind, counts


def _equal_rows(sent: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the first row of each group of equal rows, and the group of each row."""
    rows = [
        b"".join(part[i].tobytes() for part in sent.values()) for i in range(len(next(iter(sent.values()))))
    ]
    _, first, group = np.unique(rows, return_index=True, return_inverse=True)
    return first, group


def _bits(content: bytes) -> str:
    from ai_edge_litert.interpreter import Interpreter

    details = Interpreter(model_content=content).get_tensor_details()
    if any("/finer" in one["name"] for one in details):
        return "16x16"
    return "16x8" if any(one["dtype"] is np.int16 for one in details) else "8x8"


if __name__ == "__main__":
    main()
