"""verdicts: whether the entries of a comparison beat the best baseline, in sentences."""

import math
from collections.abc import Sequence

from kerasae.metrics import Entry, Measures, Metric, best_baseline
from kerasae.report import with_error
from kerasae.report.paired import counted

#: Percentage above which a sentence gives the two figures and not their difference.
_TELLING = 1000
#: Percentage from which a difference that may be chance is not called none.
_LARGE = 10


def verdicts(entries: Sequence[Entry], measures: Measures) -> list[tuple[bool, str]]:
    """Return a sentence for each entry and deciding metric, and whether it is good news.

    It tells whether the entry beats the best baseline, and by how much. An entry does if the difference is
    more than two standard errors, over test rows and over seeds.

    Args:
        entries: Entries of a comparison, with baselines among them.
        measures: Measures of the examples.
    """
    sentences: list[tuple[bool, str]] = []
    models = [entry for entry in entries if not entry.baseline]
    for metric in measures.deciding:
        for entry in models:
            best = best_baseline(entries, metric, entry.code_size)
            if best is None:
                continue
            if measures.exact(best.figures[0], metric.key):
                exact = f"{best.title} is exact at this code size ({metric.words}): {_advice(models, best)}."
                sentences += [(False, exact)] * ((False, exact) not in sentences)
            elif entry.mean(metric.key) is not None:
                good, sentence = _verdict(entry, best, metric)
                doubt = measures.doubt(entry.mean, best.mean, metric.key)
                sentences.append((good and not doubt, sentence + doubt))
    return sentences


def _advice(models: Sequence[Entry], best: Entry) -> str:
    """Return what follows if a baseline is exact."""
    nothing = "there is nothing left to beat"
    if best.code_size == 1:
        # The number of a training example is such a code, and says nothing on the size of a row.
        return nothing
    if any(entry.code_size > best.code_size for entry in models):
        return (
            "the code is larger than a row, as detectors and imputers need it; to reduce, take a smaller one"
        )
    return f"{nothing}; to reduce or compress, take a smaller code"


def _sizes(baseline: Entry, entry: Entry) -> str:
    """Return how the code size of a baseline compares with that of an entry."""
    if baseline.code_size == entry.code_size:
        return "at the same code size"
    return f"with a code of {baseline.code_size:,} instead of {entry.code_size:,}"


def _verdict(entry: Entry, baseline: Entry, metric: Metric) -> tuple[bool, str]:
    ours, theirs = entry.mean(metric.key), baseline.mean(metric.key)
    assert ours is not None and theirs is not None
    gap = entry.difference(baseline, metric.key)
    rival, phrase = baseline.title, metric.words
    if not gap.value:
        same = f"{entry.title} is no better and no worse than {rival}"
        return False, f"{same}: the {phrase} of both is {ours:.3g}."
    known = math.isfinite(gap.error)
    share = 100 * abs(gap.value) / theirs if theirs > 0 else math.inf
    if metric.lower and share < _TELLING:
        side = "below" if gap.value < 0 else "above"
        shown = with_error(share, 100 * gap.error / theirs, _percent, 1) if known else _percent(share)
        sizes = _sizes(baseline, entry)
        words = f"its {phrase} is {shown} % {side} that of {rival} {sizes}"
    else:
        doubt = f", a difference of {with_error(abs(gap.value), gap.error)}" if known else ""
        words = f"its {phrase} is {ours:.3g} against {theirs:.3g}{doubt}"
    if not gap.shown:
        sums, seeds = entry.rows[0][metric.key], len(entry.rows)
        rows = len(sums.totals)
        sampled = counted(rows, "test row", sums.block) + (f" and {seeds} seeds" if seeds > 1 else "")
        one = rows == seeds == 1
        if share >= _LARGE:
            apart = f"{'is' if one else 'are'} too few to tell it apart from {rival}"
        else:
            apart = f"{'shows' if one else 'show'} no difference from {rival}"
        within = ", within two standard errors" if known else ""
        return False, f"{entry.title}: {sampled} {apart}; {words}{within}."
    better = (gap.value < 0) == bool(metric.lower)
    return better, f"{entry.title} {'beats' if better else 'does not beat'} {rival}: {words}."


def _percent(share: float, digits: int = 1) -> str:
    """Format a share with one decimal, or with as many as it needs to differ from 0."""
    return f"{share:.{digits}f}" if share >= 0.1 or not share else f"{share:.{digits}g}"
