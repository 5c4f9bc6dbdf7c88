"""Sentences and notes on generated examples."""

from collections.abc import Mapping

from kerasae.applications.generation._discrimination import LEAST
from kerasae.applications.generation._measures import FEWEST, MANIFOLD, Measured
from kerasae.report import as_text

#: Ratios of distances outside which a sentence is bad news.
_COPIES, _FAR = 0.5, 1.25
#: Smallest share of the best possible precision and recall that is good news.
_ENOUGH = 0.8
#: AUC from which samples count as different from real rows, and above which they always are.
_TOLD_APART, _ALWAYS = 0.7, 0.95

Sentence = tuple[bool, str]


def on_the_distribution(drawn_from: str, distances: Mapping[str, float]) -> list[Sentence]:
    """Say why codes are drawn from the prior or from a mixture; nothing if there was no choice.

    Args:
        drawn_from: Name of the distribution.
        distances: Energy distance from validation rows, by the name of the distribution.
    """
    if not distances:
        return []
    nearer = "nearer to validation rows by more than two standard errors"
    words = (
        f"the prior: samples of a mixture fitted on training codes are not {nearer}."
        if drawn_from == "prior"
        else f"a {drawn_from}, fitted on training codes: samples are {nearer} than those of the prior."
    )
    return [(True, f"Codes are drawn from {words}")]


def on_the_lack_of_rows(measured: Measured, heldout: int, training: int) -> list[Sentence]:
    """Say which columns are missing, and why; nothing if none is.

    Args:
        measured: Metrics of the examples.
        heldout: Number of held-out rows.
        training: Number of training rows to which distances are measured.
    """
    said = []
    for least, keys in (
        (FEWEST, ("nearest_ratio", "precision", "recall", "path_ratio")),
        (LEAST, ("told_from_real", "copula_told_from_real")),
    ):
        lacking = [
            metric.heading for metric in measured.metrics if metric.key in keys and metric.value is None
        ]
        if lacking and heldout < least:
            words = f"Expected at least {least} examples for {', '.join(lacking)}, received {heldout}"
            said.append((False, f"{words}; the columns are left out."))
    if heldout >= FEWEST and measured.number("nearest_ratio") is None:
        words = f"At least half of the held-out rows are equal to some of {training:,} training rows"
        said.append((False, f"{words}, so that no distance has a ratio to theirs."))
    return said


def on_the_samples(measured: Measured, best: tuple[float, float] | None) -> list[Sentence]:
    """Say how near to real rows samples are, and how well they cover them.

    Args:
        measured: Metrics of the samples.
        best: Precision and recall of training rows; `None` for too few rows.
    """
    said: list[Sentence] = []
    if (ratio := measured.number("nearest_ratio")) is not None:
        alike = 1 / _FAR <= ratio <= _FAR
        apart = measured.pairs["nearest_ratio"]
        verdict = _verdict(ratio)
        if not alike and (not apart.found.shown or (apart.found.value > 0) != (ratio > 1)):
            verdict = f"; {apart.sampled} no difference."
        words = f"Samples lie {ratio:.2f} times as far from the nearest training row as held-out rows do"
        said.append((alike, words + verdict))
    precision, recall = measured.number("precision"), measured.number("recall")
    if precision is not None and recall is not None and best is not None:
        shares = [
            value / most if most else 1.0 for value, most in zip((precision, recall), best, strict=True)
        ]
        words = (
            f"Precision {precision:.2f} and recall {recall:.2f}; training rows themselves have {best[0]:.2f} "
            f"and {best[1]:.2f} against the held-out rows."
        )
        said.append((min(shares) >= _ENOUGH, words))
    return said


def _verdict(ratio: float) -> str:
    if ratio < _COPIES:
        return ": many are nearly copies of training rows, or have lost what makes rows differ."
    if ratio < 1 / _FAR:
        return ": nearer than real rows do; details that make rows differ may be lost."
    if ratio > _FAR:
        return ": they are farther from real rows than real rows are."
    return ", which is as near as real rows are."


def on_the_truth(measured: Measured) -> list[Sentence]:
    """Say how well a classifier tells samples from real rows; nothing if that was not measured."""
    area = measured.number("told_from_real")
    if area is None:
        return []
    told = "A classifier tells samples from held-out rows" + (" almost always" if area > _ALWAYS else "")
    if area < _TOLD_APART:
        told = "A classifier hardly tells samples from held-out rows"
    paired = measured.pairs["told_from_real"]
    copula = "rows of a Gaussian copula, which learns correlations alone"
    return [
        (area < _TOLD_APART, f"{told} (AUC {area:.2f} of gradient-boosted trees)."),
        (paired.better, f"Told from real: {paired.words(copula, '{:.2f}'.format)}."),
    ]


def on_the_attribute(measured: Measured, label: str) -> list[Sentence]:
    """Say whether rows look like a label once its attribute is added; nothing if that was not measured."""
    if (paired := measured.pairs.get("looks_after")) is None:
        return []
    words = f"Rows that look like {label} (5 nearest training rows) once the attribute is added"
    return [(paired.better, f"{words}: {paired.words('before', '{:.0%}'.format)}.")]


def notes(
    measured: Measured,
    heldout: int,
    training: int,
    distances: Mapping[str, float],
    measured_rows: bool,
    paths: str,
) -> list[str]:
    """Return notes on how the metrics are computed, of those that have a value.

    Args:
        measured: Metrics of the examples.
        heldout: Number of held-out rows.
        training: Number of training rows to which distances are measured.
        distances: Energy distance from validation rows, by the name of the distribution.
        measured_rows: Whether the examples are rows of measurements, which are drawn from the likelihood.
        paths: Number and shape of the paths and of the examples on them, in words.
    """
    means = (
        " What is decoded is a mean without noise and fine detail, which lowers recall: such samples lie "
        "close together."
    )
    samples = {
        "nearest_ratio": "Nearest / held-out: the median distance from a sample to the nearest of "
        f"{training:,} training rows over that of {heldout:,} held-out rows. Near 1 is good, far below 1 are "
        "copies. Samples are called nearer or farther where the area under the ROC curve of the two sets of "
        "distances is more than two standard errors from a half. Distances are in x (categories as "
        "indicators; texts by the cosine of TF-IDF).",
        "precision": f"Precision and recall (Kynkäänniemi et al. 2019, k = {MANIFOLD}): the share of samples "
        "within the manifold of the held-out rows, and of held-out rows within that of as many samples."
        + ("" if measured_rows else means),
        "told_from_real": "Told from real (Lopez-Paz and Oquab 2017): AUROC of gradient-boosted trees that "
        "tell samples from as many held-out rows, each judged by trees that did not see it; 0.5 for chance. "
        "The copula is fitted on training rows: the values of each column, and the correlation of their "
        "normal scores. Samples are draws of the likelihood; numbers of a table take the training values of "
        "the same rank, and the gaps of training rows whose codes are near.",
    }
    ways = {
        "step_ratio": "Step ratio: the longest step over the mean one in output space, 1 for an even path; "
        f"the mean of up to {paths}.",
        "path_ratio": "Path / held-out: the mean distance from the inner examples of a path to the nearest "
        "training row, in the unit of nearest / held-out.",
    }
    of_samples, of_paths = (
        [words for key, words in part.items() if measured.number(key) is not None] for part in (samples, ways)
    )
    choice = [
        "Energy distance (Székely and Rizzo 2013) from validation rows, 0 for the same distribution: "
        + ", ".join(f"{name} {as_text(value)}" for name, value in distances.items())
        + ". The mixture, fitted on codes of training rows, is taken where it is nearer than the prior by "
        "more than two standard errors."
    ]
    return [*of_samples, *(choice if distances else []), *([" ".join(of_paths)] if of_paths else [])]


def note_on_components(components: int) -> list[str]:
    """Return a note on a mixture that is fitted to principal components; none without them.

    Args:
        components: Number of principal components; 0 if the mixture is fitted to whole codes.
    """
    if not components:
        return []
    return [
        f"Codes are long, so the mixture is one of their first {components:,} principal components; the "
        "rest is drawn as noise of the same variance in all other directions (Tipping and Bishop 1999)."
    ]
