"""remarks: what a reader of figures should know about the trainings, the codes and the test rows."""

from collections.abc import Sequence
from typing import Any

from kerasae.metrics import Entry
from kerasae.report.paired import counted

#: Number of test rows below which figures mean little. From ten on, the standard error of a mean is less than
#: a third of the deviation between rows, and two standard errors are nearly the interval of 95 %: 2.26 by
#: Student's t, but 2.78 for five rows and 12.7 for two.
_FEW = 10


def remarks(entries: Sequence[Entry], test_rows: int) -> list[str]:
    """Return sentences on figures that mean little, short trainings and unused codes; none if all is well.

    Args:
        entries: Entries of a comparison.
        test_rows: Number of rows of the test split.
    """
    sentences = []
    if test_rows < _FEW:
        sentences.append(
            f"The figures mean little: expected at least {_FEW} test rows, received {test_rows}; use more "
            "rows, or hold out a larger share of them, such as --set data.test=0.5."
        )
    for entry in entries:
        sentences += [*_falling(entry), *_unused(entry)]
    return sentences


def _falling(entry: Entry) -> list[str]:
    lengths = [
        len(epochs)
        for epochs, figures in zip(entry.histories, entry.figures, strict=False)
        if figures.get("still_falling")
    ]
    if not lengths:
        return []
    seeds = f" for {len(lengths)} of {len(entry.figures)} seeds" if len(entry.figures) > 1 else ""
    return [
        f"{entry.title}: the validation loss was still falling when the {max(lengths):,} epochs were over"
        f"{seeds}; allow more, such as --epochs {2 * max(lengths)}."
    ]


def _unused(entry: Entry) -> list[str]:
    """Return a sentence if more than half of a code is unused, for the seed with the most unused units."""
    sentences = []
    for key, write in (("collapsed_units", _collapsed), ("dead_units", _dead)):
        most: dict[str, Any] = max(entry.figures, key=lambda figures: figures.get(key, 0))
        unused, size = most.get(key, 0), entry.code_size
        if 2 * unused > size:
            seed = f" with seed {most['seed']}" if len(entry.figures) > 1 else ""
            sentences.append(f"{entry.title}: {write(unused, size, seed)}")
    return sentences


def _collapsed(unused: int, size: int, seed: str) -> str:
    if unused == size:
        every = "all " * (size > 1) + counted(size, "number")
        return (
            f"the code carries nothing{seed}: {every} collapsed to the prior; lower "
            "the weight of the KL term, such as --set model.beta=0.1, take --loss gaussian, which learns "
            "what the error weighs beside it, or allow more epochs."
        )
    used = size - unused
    return (
        f"{unused:,} of the {counted(size, 'number')} of a code have collapsed to the prior{seed}; "
        f"--latent-dim {used} keeps what is used, or a lower --set model.beta uses more."
    )


def _dead(unused: int, size: int, seed: str) -> str:
    weaker = (
        "a weaker penalty, --set model.weight, or with k a larger --set model.k, with lifetime a larger "
        "--set model.lifetime"
    )
    if unused == size:
        return f"no unit of the code is active on any held-out row{seed}; take {weaker}."
    return (
        f"{unused:,} of the {counted(size, 'unit')} of the code are active on no held-out row{seed}; "
        f"--latent-dim {size - unused} keeps what is used, or take {weaker}."
    )
