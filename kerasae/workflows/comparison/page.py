"""write_report: a comparison as figures for machines and as a page, and the rows of its table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasae.data import HEADINGS, Data, readings
from kerasae.files import write_json
from kerasae.kinds import kind_of
from kerasae.living import living_decoder
from kerasae.metrics import Entry, Metric, measures_of
from kerasae.metrics.comparison import mapped_rows, shown_rows
from kerasae.progress import work
from kerasae.report import Best, as_text, figures, page
from kerasae.report.remarks import remarks
from kerasae.report.windows import windows
from kerasae.workflows.comparison.detecting import all_columns, conclusions, notes_on_detection
from kerasae.workflows.comparison.plain import to_json

#: Number of windows of a log on the page.
_WINDOWS = 4


def format_cell(entry: Entry, column: Metric) -> str:
    """Return the mean of a figure over seeds as text, with its standard deviation if there are several."""
    mean, spread = entry.mean(column.key), entry.spread(column.key)
    if mean is None:
        return "–"
    if column.digits is None:
        return as_text(mean)
    if column.digits == 0:
        return f"{mean:,.0f}"
    text = f"{mean:.{column.digits}f}"
    return text if spread is None else f"{text} ± {spread:.{column.digits}f}"


def table_rows(entries: Sequence[Entry], data: Data) -> list[list[str]]:
    """Return the rows of the table as text; the best cell of a column is a `Best`."""
    rows = [[entry.name] for entry in entries]
    for column in all_columns(entries, data):
        means = [entry.mean(column.key) for entry in entries]
        known = [mean for mean in means if mean is not None]
        best = None
        if known and column.lower is not None:
            best = min(known) if column.lower else max(known)
        for row, entry, mean in zip(rows, entries, means, strict=True):
            marked = mean is not None and mean == best
            cell = format_cell(entry, column)
            row.append(Best(cell) if marked else cell)
    return rows


def headings(entries: Sequence[Entry], data: Data) -> list[str]:
    """Return the headings of the table's columns."""
    return ["", *(column.heading for column in all_columns(entries, data))]


def sentences(entries: Sequence[Entry], data: Data) -> list[tuple[bool, str]]:
    """Return verdicts and remarks, each with whether it is good news."""
    return [*conclusions(entries, data), *((False, one) for one in remarks(entries, len(data.test)))]


@work("writing the page")
def write_report(
    folder: Path, entries: Sequence[Entry], data: Data, title: str, *, model: Any = None
) -> None:
    """Write `metrics.json` and `report.html` of a comparison, with the sections that lie in the folder.

    Args:
        folder: Folder of the page.
        entries: An entry for each codec.
        data: Data on whose test split they are compared.
        title: Title of the page.
        model: Model of the last entry, whose decoder the page runs if it is small enough. Defaults to none.
    """
    write_json(folder / "metrics.json", to_json(entries, data))
    trained = {entry.name: entry.histories for entry in entries if entry.histories}
    codecs = [entry for entry in entries if entry.reconstructions is not None]
    shown, mapped = shown_rows(data), mapped_rows(data).test
    pictures: list[page.Part] = []
    listings = []
    if not kind_of(data.spec).is_array:
        listings.append(
            page.Listing(
                "Originals and reconstructions",
                "Random test examples, and below them what each codec makes of its code; – is missing.",
                *_listing(shown, codecs),
            )
        )
        if data.spec.columns:
            listings.append(
                page.Listing(
                    "Columns as they were read",
                    "Kind, range or most frequent categories, and missing entries, over the training rows; "
                    "how the entries are written in files.",
                    HEADINGS,
                    [one.cells() for one in readings(data)],
                )
            )
    elif data.spec.channels:
        parts = {"original": shown, **{one.name: data.to_raw(one.reconstructions) for one in codecs}}
        pictures.append(
            page.Picture(
                "Originals and reconstructions",
                "Random windows of the test part, and what each codec makes of its code: each channel over "
                "the steps, in raw units.",
                windows(
                    [
                        (f"window {number + 1}", {name: part[number] for name, part in parts.items()})
                        for number in range(min(_WINDOWS, len(shown)))
                    ],
                    kind_of(data.spec).channel_names,
                ),
            )
        )
    else:
        pictures.append(
            page.Picture(
                "Originals and reconstructions",
                "Random test examples, and below them what each codec makes of its code.",
                figures.reconstructions(data.to_x(shown), {e.name: e.reconstructions for e in codecs}),
            )
        )
    if model is not None and (part := living_decoder(model, data, entries[-1].codes, mapped.labels)):
        pictures.append(part)
    lengths = {
        entry.name: entry.figures[0]["tokens_rebuilt_by_length"]
        for entry in entries
        if entry.figures[0].get("tokens_rebuilt_by_length")
    }
    if lengths:
        pictures.append(
            page.Picture(
                "Tokens rebuilt by length",
                "Share of the tokens rebuilt, by the number of words of the text; the end of a text counts.",
                figures.shares_by_length(lengths),
            )
        )
    pictures.append(
        page.Picture(
            "Code maps",
            "The codes of at most 5,000 random test examples. Colours are labels, which no training saw; "
            "codes of more than two numbers are shown on their first two principal components.",
            figures.code_maps(
                {e.name: e.codes for e in codecs if e.codes.shape[1] > 1 or not e.baseline},
                mapped.labels,
            ),
        )
    )
    # A closed form has one epoch, which is no curve.
    curves = {name: seeds for name, seeds in trained.items() if any(len(seed) > 1 for seed in seeds)}
    if curves:
        pictures.append(
            page.Picture(
                "Training curves",
                "The reconstruction term by epoch, in the unit of each family's loss (that of a likelihood "
                "is nats of x, the scaled data), one line for each seed. The vertical range leaves out "
                "the first tenth of the epochs. A training loss above the validation loss is noise that "
                "training adds.",
                figures.training_curves(curves, ""),
            )
        )
    unit = kind_of(data.spec).parts
    html = page.render(
        title,
        f"{data.name}: {_rows(data, trained)}, {len(data.test):,} to test on; {data.spec.size} {unit} in, "
        f"code of {max(entry.figures[0]['latent_dim'] for entry in codecs)}.",
        headings(entries, data),
        table_rows(entries, data),
        sentences(entries, data),
        pictures,
        notes(entries, data),
        listings,
        page.read_sections(folder),
    )
    page.write(folder / "report.html", html)


def _rows(data: Data, trained: Mapping[str, Sequence[Sequence[Mapping[str, float]]]]) -> str:
    """What the rows beside the test split were for; a training that held none out logs no `val_` terms."""
    epochs = [seed[-1] for seeds in trained.values() for seed in seeds if seed]
    kept = f", {len(data.calibration):,} for calibration" if len(data.calibration) else ""
    if epochs and not any("val_loss" in epoch for epoch in epochs):
        return f"{len(data.train) + len(data.validation):,} rows to train on{kept}"
    return f"{len(data.train):,} rows to train on, {len(data.validation):,} to choose the epoch{kept}"


def notes(entries: Sequence[Entry], data: Data) -> list[str]:
    """Return how the figures of a table were obtained, in sentences."""
    seeds = max(len(entry.figures) for entry in entries)
    sentences = [*measures_of(data.spec).notes, "Probe accuracy: logistic regression on the codes."]
    sentences += notes_on_detection(entries)
    if len(data.test) > 1:
        sentences.append(
            "± in a sentence: standard error of the difference, over the test rows, which are paired"
            + (", and over the seeds." if seeds > 1 else ".")
        )
    if seeds > 1:
        sentences.append(f"Mean ± standard deviation over {seeds} seeds.")
    if data.skipped:
        sentences.append(f"{len(data.skipped)} examples could not be read and were left out.")
    return sentences


def _listing(shown: Any, entries: Sequence[Entry]) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: each original, and below it what every codec makes of it."""
    is_table = hasattr(shown, "columns")
    names = [str(name) for name in shown.columns][:12] if is_table else ["text"]

    def cells(examples: Any, row: int) -> list[str]:
        if not is_table:
            return [str(examples[row])]
        return [as_text(examples[name].iloc[row]) for name in shown.columns[:12]]

    rows = []
    for number in range(min(6, len(shown))):
        rows.append([f"original {number + 1}", *cells(shown, number)])
        rows += [[f"  {entry.name}", *cells(entry.reconstructions, number)] for entry in entries]
    return ["", *names], rows
