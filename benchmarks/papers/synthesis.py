"""Synthetic tables: SDMetrics' quality of rows that a variational model draws, beside SDV's TVAE and copula.

Each method is trained on the same rows of a table and draws as many new ones; SDMetrics compares the two
tables column by column (column shapes) and pair by pair (column pair trends). Nothing is held out, as in
SDV's own quality report. Settings of kerasae were chosen with other rows of the tables (`--validation` takes
the second half of each).
"""

from functools import partial
from typing import Any

import pandas as pd

from benchmarks.harness.place import Place
from benchmarks.harness.result import Measure, Result, Row, UnavailableError

TABLES = ("adult", "insurance", "telco", "titanic")
ROWS = 5_000


def rows_of(place: Place, name: str) -> pd.DataFrame:
    """Return the rows of a table, without columns that name each row."""
    frame = pd.read_csv(place.data / "tables" / f"{name}.csv", skipinitialspace=True)
    frame = frame[
        [column for column in frame if frame[column].nunique() < len(frame) or frame[column].dtype != object]
    ]
    half = len(frame) // 2
    frame = frame.sample(frac=1, random_state=0)
    return (frame[half:] if place.validation else frame[:half])[:ROWS].reset_index(drop=True)


def kerasae(frame: pd.DataFrame, place: Place, seed: int) -> pd.DataFrame:
    from kerasae import Recipe, train
    from kerasae.applications import Generation
    from kerasae.data.tables import from_frame

    data = from_frame(frame, test=0.001, calibration=0.0, validation=0.1, seed=seed)
    recipe = Recipe.of("variational").override({"train.seed": seed})
    data = recipe.prepare(data)
    model = recipe.fill(data).build(data)
    train(model, data, **recipe.train)
    return Generation(model, seed=seed).fit(data).sample(len(frame), seed=seed)


def sdv(name: str, frame: pd.DataFrame, place: Place, seed: int) -> pd.DataFrame:
    try:
        from sdv.metadata import Metadata
        from sdv.single_table import GaussianCopulaSynthesizer, TVAESynthesizer
    except ImportError:
        raise UnavailableError("Expected sdv beside kerasae: pip install sdv.") from None
    import torch

    torch.manual_seed(seed)
    member = {"tvae": TVAESynthesizer, "copula": GaussianCopulaSynthesizer}[name]
    synthesizer = member(Metadata.detect_from_dataframe(frame))
    synthesizer.fit(frame)
    return synthesizer.sample(len(frame))


def quality(make: Any, place: Place, seed: int) -> dict[str, float]:
    try:
        from sdmetrics.reports.single_table import QualityReport
    except ImportError:
        raise UnavailableError("Expected sdmetrics beside kerasae: pip install sdmetrics.") from None
    from sdv.metadata import Metadata

    found: dict[str, float] = {}
    sums = [0.0, 0.0]
    for name in TABLES:
        frame = rows_of(place, name)
        made = make(frame, place, seed)[frame.columns]
        report = QualityReport()
        (table,) = Metadata.detect_from_dataframe(frame).to_dict()["tables"].values()
        report.generate(frame, made, table, verbose=False)
        scores = report.get_properties().set_index("Property")["Score"]
        pair = scores["Column Shapes"], scores["Column Pair Trends"]
        found |= {f"{name}_shapes": 100 * pair[0], f"{name}_trends": 100 * pair[1]}
        sums = [total + 100 * score / len(TABLES) for total, score in zip(sums, pair, strict=True)]
    return {"shapes": sums[0], "trends": sums[1], **found}


RESULT = Result(
    title="Synthetic tables",
    source="Xu et al. 2019, NeurIPS (TVAE); SDV and SDMetrics, measured here side by side",
    protocol=(
        "Half of the rows of each table, at most 5,000, train each method, which then draws as many; "
        "SDMetrics' quality report against these rows, in percent: column shapes, and column pair trends."
    ),
    measures={
        "shapes": Measure("shapes", digits=1, less=False),
        "trends": Measure("pair trends", digits=1, less=False),
        **{
            f"{name}_{part}": Measure(f"{name}, {part}", digits=1, less=False)
            for name in TABLES
            for part in ("shapes", "trends")
        },
    },
    rows=(
        Row("kerasae, variational", partial(quality, kerasae), seeds=2),
        Row("SDV, TVAE", partial(quality, partial(sdv, "tvae")), seeds=2),
        Row("SDV, Gaussian copula", partial(quality, partial(sdv, "copula")), seeds=2),
    ),
)
