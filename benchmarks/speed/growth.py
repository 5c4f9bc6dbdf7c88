"""How the time of an epoch grows with the rows and with the columns of a table.

    python -m benchmarks.speed.growth ROWSxCOLUMNS FOLDER

trains `kerasae.train` on the table of that size in the folder, which lies in memory.
"""

import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed._epochs import clock
from benchmarks.speed._turns import take_turn, turns

#: Epochs of a turn; the first, with the compilation, does not count.
EPOCHS = 5
SETTINGS = {"name": "table", "widths": [128, 64], "latent_dim": 8}
#: The time of an epoch may grow by so much more than the table.
MOST = 1.2


def written(folder: Path, size: str) -> Path:
    """Write a table of numbers that hang together, as a Parquet file; one that is there stays."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{size}.parquet"
    rows, columns = map(int, size.split("x"))
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, columns)).astype("float32")
    x = rng.normal(size=(rows, 4)).astype("float32") @ mixing
    x += 0.1 * rng.normal(size=x.shape).astype("float32")
    table = pa.table({f"column{number}": x[:, number] for number in range(columns)})
    pq.write_table(table, path, row_group_size=max(1, 10_000_000 // columns))
    return path


def trained(size: str, folder: str) -> dict[str, float]:
    from kerasae import Recipe, train

    recipe = Recipe.of(
        "undercomplete",
        source=str(Path(folder) / f"{size}.parquet"),
        network=SETTINGS,
        train={"epochs": EPOCHS, "batch_size": 256},
    )
    data, watch = recipe.load(), clock()
    train(recipe.build(data), data, **recipe.train, callbacks=[watch])
    return {"epoch": statistics.median(watch.seconds[1:])}


def measured(size: str, smaller: str | None, place: Place, seed: int) -> dict[str, float]:
    sizes = [size] if smaller is None else [smaller, size]
    with tempfile.TemporaryDirectory() as folder:
        for one in sizes:
            written(Path(folder), one)
        found = turns("benchmarks.speed.growth", sizes, [folder])
    cells = {one: np.prod([int(side) for side in one.split("x")]) for one in sizes}
    figures = {
        "epoch": found.median(size, "epoch"),
        "cell": 1e9 * found.median(size, "epoch") / cells[size],
    }
    if smaller is not None:
        figures["ratio"] = found.ratio(size, smaller, "epoch") * cells[smaller] / cells[size]
        figures["spread"] = found.spread(size, smaller, "epoch")
    return figures


def row(rows: int, columns: int, smaller: tuple[int, int] | None = None) -> Row:
    """Return the row of a size; `smaller` is the size that it is compared with."""
    beside = None if smaller is None else f"{smaller[0]}x{smaller[1]}"
    name = f"{rows:,} rows, {columns:,} columns"
    goal = {} if smaller is None else {"ratio": MOST}
    return Row(name, partial(measured, f"{rows}x{columns}", beside), goal=goal)


#: Rows of the tables whose columns grow.
FEW = 2_000

RESULT = Result(
    title="Growth of an epoch with rows and columns",
    source="Measured here, side by side",
    protocol=(
        "Tables of numbers in memory, the network n-128-64-8, batches of 256, with the validation of a "
        "tenth. The median epoch after the first, and of five turns. The growth is the time for each cell as "
        "a ratio to that of the table that is beside it: 10,000 rows for rows, a tenth of the columns for "
        "columns. It is 1 if time grows as the table does. The spread is the range of five turns as a share "
        "of it."
    ),
    measures={
        "epoch": Measure("epoch, s", digits=3),
        "cell": Measure("of a cell, ns", digits=0),
        "ratio": Measure("growth"),
        "spread": Measure("its spread, %", digits=0),
    },
    rows=(
        row(10_000, 20),
        row(100_000, 20, (10_000, 20)),
        row(1_000_000, 20, (10_000, 20)),
        row(FEW, 10),
        row(FEW, 100, (FEW, 10)),
        row(FEW, 1_000, (FEW, 100)),
        row(FEW, 10_000, (FEW, 1_000)),
    ),
)

if __name__ == "__main__":
    take_turn({sys.argv[1]: partial(trained, sys.argv[1])})
