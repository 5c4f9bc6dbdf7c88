"""to_json: a comparison as plain values, for machines."""

import math
from collections.abc import Sequence
from typing import Any

from kerasae.data import Data
from kerasae.files import numbered
from kerasae.metrics import Entry, Metric, best_baseline, measures_of
from kerasae.report.remarks import remarks
from kerasae.workflows.comparison.detecting import all_columns, conclusions

#: Number of the format of `metrics.json`.
FORMAT = 1


def to_json(entries: Sequence[Entry], data: Data) -> dict[str, Any]:
    """Return the comparison as JSON types: figures by seed, their mean and spread, verdicts and remarks."""
    keys = [column.key for column in all_columns(entries, data)]
    measures = measures_of(data.spec)
    values = {
        "data": data.name,
        "test_rows": len(data.test),
        "columns": {column.key: column.heading for column in all_columns(entries, data)},
        "notes": list(measures.notes),
        "entries": [
            {
                "name": entry.name,
                "baseline": entry.baseline,
                "mean": {key: entry.mean(key) for key in keys},
                "spread": {key: entry.spread(key) for key in keys},
                "seeds": entry.figures,
                "against": {metric.key: _against(entry, entries, metric) for metric in measures.deciding},
            }
            for entry in entries
        ],
        "verdicts": [sentence for _, sentence in conclusions(entries, data)],
        "remarks": remarks(entries, len(data.test)),
    }
    return numbered(values, FORMAT)


def _against(entry: Entry, entries: Sequence[Entry], metric: Metric) -> dict[str, Any] | None:
    """Return the difference from the best baseline as JSON types; `None` for a baseline."""
    best = best_baseline(entries, metric, entry.code_size)
    if entry.baseline or best is None or entry.mean(metric.key) is None:
        return None
    gap = entry.difference(best, metric.key)
    error = gap.error if math.isfinite(gap.error) else None
    return {"baseline": best.name, "difference": gap.value, "standard_error": error}
