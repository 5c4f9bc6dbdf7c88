"""What came of a comparison as a table, as figures for machines, and as a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasae.data import Data
from kerasae.evaluation.compare import COLUMNS, Entry, against_pca, shown_rows, to_json
from kerasae.report import figures, page
from kerasae.runs import write_json


def format_cell(entry: Entry, key: str) -> str:
    """A figure as text, with its spread over seeds where there is one."""
    mean, spread = entry.mean(key), entry.spread(key)
    if mean is None:
        return "–"
    if key == "parameters":
        return f"{mean:,.0f}"
    digits = {"error": 5, "explained_variance": 3, "probe_accuracy": 3, "seconds": 1}[key]
    text = f"{mean:.{digits}f}"
    return text if spread is None else f"{text} ± {spread:.{digits}f}"


def table_rows(entries: Sequence[Entry]) -> list[list[str]]:
    """The rows of the table as text; the best of a column begins with `*`."""
    rows = [[entry.name] for entry in entries]
    for key, _, lower in COLUMNS:
        means = [entry.mean(key) for entry in entries]
        known = [mean for mean in means if mean is not None]
        best = (min(known) if lower else max(known)) if known else None
        for row, entry, mean in zip(rows, entries, means, strict=True):
            marked = key in ("error", "explained_variance", "probe_accuracy") and mean == best
            row.append(("*" if marked and mean is not None else "") + format_cell(entry, key))
    return rows


def headings() -> list[str]:
    """Of the table's columns."""
    return ["", *(heading for _, heading, _ in COLUMNS)]


def write_report(folder: Path, entries: Sequence[Entry], data: Data, title: str) -> None:
    """Writes `metrics.json` and `report.html` of a comparison."""
    write_json(folder / "metrics.json", to_json(entries, data))
    trained = {entry.name: entry.histories for entry in entries if entry.histories}
    shown = data.x("test")[: shown_rows()]
    pictures = [
        page.Picture(
            "Originals and reconstructions",
            "The first test examples, and below them what each codec makes of its code.",
            figures.reconstructions(shown, {e.name: e.reconstructions for e in entries}),
        ),
        page.Picture(
            "Code maps",
            "The codes of all test examples. Colours are labels, which no training saw; codes of more "
            "than two numbers are shown on their first two principal components.",
            figures.code_maps({e.name: e.codes for e in entries}, data.test.labels),
        ),
    ]
    if trained:
        pictures.append(
            page.Picture(
                "Training curves",
                "The reconstruction term by epoch, in each family's own unit, a line a seed; the "
                "first tenth of the epochs is cut off. A training loss above the validation loss is "
                "noise that training adds.",
                figures.training_curves(trained, ""),
            )
        )
    sentences = against_pca(entries)
    html = page.render(
        title,
        f"{data.name}: {len(data.train):,} rows to train on, {len(data.validation):,} to choose the "
        f"epoch, {len(data.test):,} to test on; {data.spec.size} numbers in, code of "
        f"{entries[0].codes.shape[1]}.",
        headings(),
        table_rows(entries),
        [("does not" not in sentence, sentence) for sentence in sentences],
        pictures,
        notes(entries),
    )
    page.write(folder / "report.html", html)


def notes(entries: Sequence[Entry]) -> list[str]:
    """How the figures of a table were obtained, in sentences."""
    seeds = max(len(entry.figures) for entry in entries)
    found: list[Any] = [
        "Test error: mean squared error per feature, in squared units of x (images: grey levels "
        "scaled to [0, 1]), the same rows for all.",
        "Explained variance: against predicting the training mean.",
        "Probe accuracy: logistic regression on the codes.",
        "PCA is fitted on the training and the validation rows.",
    ]
    if seeds > 1:
        found.append(f"Mean ± standard deviation over {seeds} seeds.")
    return found
