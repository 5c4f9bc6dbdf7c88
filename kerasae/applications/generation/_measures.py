"""Report on generation: figures, files, pictures and sentences."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from kerasae.applications._pictures import MODES, grid, raw_range
from kerasae.applications.generation._copula import GaussianCopula
from kerasae.applications.generation._discrimination import told_apart
from kerasae.applications.generation._files import listing, write_made
from kerasae.applications.generation._manifolds import covered, nearest, precision_and_recall
from kerasae.applications.generation._paths import unevenness
from kerasae.data import Data, Examples, drawn_rows
from kerasae.kinds import kind_of, take
from kerasae.metrics import RowFigure, RowInfluences, RowSums, auroc_rows
from kerasae.report import as_text, figures
from kerasae.report.page import Listing, Picture
from kerasae.report.paired import Paired

#: Smallest number of held-out rows for a figure on them.
FEWEST = 10
#: Number of nearest neighbours that define a manifold, as in Kynkäänniemi et al. 2019.
MANIFOLD = 3
#: Number of paths that are measured.
_PAIRS = 10
#: Number of lines and of dimensions on the page.
_LINES, _DIMENSIONS = 5, 16
#: Ratios of distances outside which a sentence is bad news.
_COPIES, _FAR = 0.5, 1.25
#: AUC from which samples count as different from real rows.
_TOLD_APART = 0.7

#: Headings: distances from training rows, and how samples lie among held-out rows.
_NEAREST, _NAMES = "nearest / held-out", ("precision", "recall")
#: Headings: AUROC of trees that tell generated rows from held-out ones, and that of rows of a copula.
TOLD, OF_COPULA = "told from real (AUC)", "of a Gaussian copula"

Found = dict[str, Any]
#: Figures by heading, each with the one it is compared with.
Beside = dict[str, Paired]


def measure_samples(app: Any, heldout: np.ndarray, points: np.ndarray) -> tuple[Found, Beside]:
    """Return distances, precision and recall of samples; `None` if too few rows are held out.

    The area under the ROC curve of two sets of distances tells whether samples lie farther from training rows
    than held-out rows do; the value at chance level is returned beside it.
    """
    shown: Found = dict.fromkeys((_NEAREST, *_NAMES))
    if len(heldout) < FEWEST:
        return shown, {}
    distances = [nearest(part, app.points_) for part in (heldout, points)]
    unit, distance = (float(np.median(part)) for part in distances)
    shown[_NEAREST] = distance / unit if unit else None
    shown["precision"], shown["recall"] = precision_and_recall(
        heldout, points, min(MANIFOLD, len(heldout) - 1)
    )
    is_sample = np.repeat([False, True], [len(part) for part in distances])
    farther = auroc_rows(is_sample, np.concatenate(distances))
    return shown, _beside(_NEAREST, farther, RowInfluences(0.5, np.zeros(len(is_sample))), lower=True)


def real_looking(heldout: np.ndarray, points: np.ndarray) -> dict[str, list[RowSums]]:
    """Return which samples look real, by row, for the precision; nothing if too few rows are held out."""
    if len(heldout) < FEWEST:
        return {}
    inside = covered(points, heldout, min(MANIFOLD, len(heldout) - 1))
    return {"precision": [RowSums(inside.astype("float64"), np.ones(len(inside)))]}


def measure_truth(app: Any, data: Data, real: Any, samples: Any) -> tuple[Found, Beside]:
    """Measure how well trees tell generated rows from held-out ones, and rows of a copula."""
    few = data.drawn("train", app.most, app.seed)
    copula = GaussianCopula(app.seed).fit(few.x("train").reshape(len(few.train), -1))
    x = data.to_x(real)
    plain = copula.sample(len(x), app.seed + 1)
    ours, theirs = (told_apart(x, rows, app.seed) for rows in (data.to_x(samples), plain))
    if ours is None or theirs is None:
        return {TOLD: None, OF_COPULA: None}, {}
    return {TOLD: ours.value, OF_COPULA: theirs.value}, _beside(TOLD, ours, theirs, lower=True)


def measure_paths(app: Any, data: Data, heldout: np.ndarray) -> Found:
    """Measure how even the paths between neighbouring rows are, and how far they lead from real rows."""
    codes = app.codec.transform(data.test.drawn(2 * _PAIRS, app.seed).examples)
    if len(codes) == 1:
        codes = np.concatenate([codes, app.codes_[:1]])
    uneven, distances = [], []
    for a, b in zip(codes[::2], codes[1::2], strict=False):
        points = app.points_of(app.path_between(a, b))
        uneven.append(unevenness(points))
        if len(points) > 2:
            distances.append(nearest(points[1:-1], app.points_).mean())
    known = [one for one in uneven if one is not None]
    unit = float(np.median(nearest(heldout, app.points_))) if len(heldout) >= FEWEST else 0.0
    return {
        "step ratio": float(np.mean(known)) if known else None,
        "path / held-out": float(np.mean(distances)) / unit if unit and distances else None,
    }


def measure_attribute(app: Any, held_out: Examples) -> tuple[Found, Beside, Any]:
    """Measure how often rows without a label look like it before and after its attribute is added.

    The rows are returned too.
    """
    raw, name = held_out.examples, str(app.attribute)
    if held_out.labels is not None:
        without = np.flatnonzero(held_out.labels.astype(str) != name)
        raw = take(raw, without) if len(without) else raw
    judge = KNeighborsClassifier(min(5, len(app.points_)))
    judge.fit(app.points_, app.near_.labels.astype(str) == name)
    before, after = (judge.predict(app.raw_points(part)) for part in (raw, app.add_attribute(raw)))
    looks = f"looks like {name}"
    shown = {f"{looks}, before": float(before.mean()), f"{looks}, after": float(after.mean())}
    rows = (RowSums(part.astype("float64"), np.ones(len(part))) for part in (after, before))
    return shown, _beside(f"{looks}, after", *rows, lower=False), raw


def _beside(heading: str, ours: RowFigure, theirs: RowFigure, *, lower: bool) -> Beside:
    paired = Paired.of([ours], [theirs], lower)
    return {} if paired is None else {heading: paired}


def reference(app: Any, heldout: np.ndarray) -> tuple[float, float] | None:
    """Return precision and recall of as many training rows: the best values that samples could reach."""
    count = min(len(heldout), len(app.points_))
    if count < FEWEST:
        return None
    rows = np.random.default_rng(app.seed).permutation(len(app.points_))[:count]
    return precision_and_recall(heldout, app.points_[rows], min(MANIFOLD, count - 1))


def sentences(
    shown: Found, beside: Beside, best: tuple[float, float] | None, distances: Found | None = None
) -> list[tuple[bool, str]]:
    """Return sentences on the meaning of the figures.

    Args:
        shown: Figures by heading.
        beside: Figures that are compared with another figure, by heading.
        best: Precision and recall of training rows.
        distances: Energy distances from validation rows, by the distribution of the codes.
    """
    lines: list[tuple[bool, str]] = []
    if (drawn_from := shown.get("drawn from")) and distances:
        nearer = "nearer to validation rows by more than two standard errors"
        words = (
            f"the prior: samples of a mixture fitted on training codes are not {nearer}."
            if drawn_from == "prior"
            else f"a {drawn_from}, fitted on training codes: samples are {nearer} than those of the prior."
        )
        lines.append((True, f"Codes are drawn from {words}"))
    ratio = shown[_NEAREST]
    if ratio is not None:
        words = "Samples lie {} times as far from the nearest training row as held-out rows do{}"
        verdict = ", which is as near as real rows are."
        if ratio < _COPIES:
            verdict = ": many are nearly copies of training rows, or have lost what makes rows differ."
        if ratio > _FAR:
            verdict = ": they are farther from real rows than real rows are."
        if ratio < 1 / _FAR and ratio >= _COPIES:
            verdict = ": nearer than real rows do; details that make rows differ may be lost."
        alike = 1 / _FAR <= ratio <= _FAR
        apart = beside[_NEAREST]
        if not alike and (not apart.found.shown or (apart.found.value > 0) != (ratio > 1)):
            verdict = f"; {apart.sampled} no difference."
        lines.append((alike, words.format(f"{ratio:.2f}", verdict)))
    if shown["precision"] is not None and best is not None:
        share = [shown[name] / value if value else 1.0 for name, value in zip(_NAMES, best, strict=True)]
        lines.append(
            (
                min(share) >= 0.8,
                f"Precision {shown['precision']:.2f} and recall {shown['recall']:.2f}; training rows "
                f"themselves have {best[0]:.2f} and {best[1]:.2f} against the held-out rows.",
            )
        )
    if (area := shown.get(TOLD)) is not None:
        lines.append((area < _TOLD_APART, f"{_told(area)} (AUC {area:.2f} of gradient-boosted trees)."))
        copula = "rows of a Gaussian copula, which learns correlations alone"
        lines.append((beside[TOLD].better, f"Told from real: {beside[TOLD].words(copula, '{:.2f}'.format)}."))
    for name, after in beside.items():
        if name.endswith(", after"):
            what = name.removesuffix(", after").replace("looks", "look")
            words = f"Rows that {what} (5 nearest training rows) once the attribute is added"
            lines.append((after.better, f"{words}: {after.words('before', '{:.0%}'.format)}."))
    return lines


def _told(auc: float) -> str:
    if auc < _TOLD_APART:
        return "A classifier hardly tells samples from held-out rows"
    return "A classifier tells samples from held-out rows" + (" almost always" if auc > 0.95 else "")


def made_parts(app: Any, data: Data, out: Path) -> tuple[list[Picture], list[Listing]]:
    """Write samples, paths and traversals, and return their pictures and listings for the page."""
    pictures: list[Picture] = []
    listings: list[Listing] = []
    show = _Show(data, out, pictures, listings)
    show(
        "samples",
        "Samples",
        f"New examples, drawn from the {app.drawn_from()}.",
        app.sample(app.count, app.seed),
        {},
        10,
    )
    codes = app.codec.transform(data.test.drawn(2 * _LINES, app.seed).examples)
    if len(codes) == 1:
        codes = np.concatenate([codes, app.codes_[:1]])
    pairs = [app.path_between(a, b) for a, b in zip(codes[::2], codes[1::2], strict=False)]
    keys = {
        "pair": np.repeat(np.arange(len(pairs)), app.steps),
        "step": np.tile(np.arange(app.steps), len(pairs)),
    }
    show(
        "interpolation",
        "Interpolation",
        f"From one example to the next, a {app.path} path between their codes; the ends are reconstructions.",
        app.codec.inverse_transform(np.concatenate(pairs)),
        keys,
        app.steps,
    )
    codes, keys = app.traversals(data.test.head(1))
    show(
        "traversals",
        "Traversals",
        "The first example with one number of its code moved from the 1st to the 99th percentile of the "
        "training codes; those that change the example most come first.",
        app.codec.inverse_transform(codes),
        keys,
        app.steps,
    )
    return pictures, listings


def attribute_parts(app: Any, data: Data, raw: Any, out: Path) -> tuple[list[Picture], list[Listing]]:
    """Write rows with the attribute added in growing strength."""
    pictures: list[Picture] = []
    listings: list[Listing] = []
    base = take(raw, slice(min(_LINES, len(raw))))
    strengths = np.linspace(0.0, 1.5, 7)
    moved = np.stack([app.codec.transform(base) + s * app.attribute_ for s in strengths], axis=1)
    keys = {
        "row": np.repeat(np.arange(len(base)), len(strengths)),
        "strength": np.tile(strengths, len(base)),
    }
    _Show(data, out, pictures, listings)(
        "attribute",
        f"Attribute {app.attribute}",
        f"Rows without the label {app.attribute} and what makes rows with it differ added to their codes, "
        "0 to 1.5 times.",
        app.codec.inverse_transform(np.asarray(moved.reshape(-1, moved.shape[-1]), "float32")),
        keys,
        len(strengths),
    )
    return pictures, listings


class _Show:
    """Writer of generated examples that collects the pictures and listings for the page."""

    def __init__(self, data: Data, out: Path, pictures: list[Picture], listings: list[Listing]) -> None:
        self._data, self._out = data, out
        self._pictures, self._listings = pictures, listings
        self._range = raw_range(data) if kind_of(data.spec).is_picture else (0.0, 1.0)

    def __call__(self, stem: str, title: str, caption: str, raw: Any, keys: Found, width: int) -> None:
        write_made(self._out, stem, raw, keys, self._data.spec.columns)
        kind = kind_of(self._data.spec)
        if not kind.is_array:
            self._listings.append(listing(title, caption, raw, keys, 3 * width if keys else width))
        if kind.is_picture and self._data.spec.shape[-1] in (*MODES, 2):
            first = next(iter(keys), "")
            count = len(raw) if first == "" else min(len(raw), _DIMENSIONS * width)
            lines = [
                (f"{first} {keys[first][start]}" if first else "", raw[start : start + width])
                for start in range(0, count, width)
            ]
            drawn = grid(lines, *self._range)
            drawn.savefig(self._out / f"{stem}.png", facecolor="white")
            self._pictures.append(Picture(title, caption, drawn))


def sample_map(heldout: np.ndarray, points: np.ndarray, most: int = 500) -> Picture:
    """Draw samples among held-out rows on two principal components."""
    both = [np.asarray(one[drawn_rows(len(one), most, 0)], "float64") for one in (heldout, points)]
    labels = np.repeat(["held-out", "sample"], [len(one) for one in both])
    drawn = figures.code_maps({"examples": np.concatenate(both)}, labels)
    return Picture("Samples among held-out rows", "By their values, not by their codes.", drawn)


def notes(app: Any, rows: int) -> list[str]:
    """Return notes on how the figures are computed."""
    measured = kind_of(app.spec_).is_measured
    truth = [
        "Told from real (Lopez-Paz and Oquab 2017): AUROC of gradient-boosted trees that tell samples from "
        "as many held-out rows, each judged by trees that did not see it; 0.5 for chance. The copula is "
        "fitted on training rows: the values of each column, and the correlation of their normal scores. "
        "Samples are draws of the likelihood; numbers of a table take the training values of the same rank, "
        "and the gaps of training rows whose codes are near."
    ]
    choice = [
        "Energy distance (Székely and Rizzo 2013) from validation rows, 0 for the same distribution: "
        + ", ".join(f"{name} {as_text(value)}" for name, value in app.distances_.items())
        + ". The mixture, fitted on codes of training rows, is taken where it is nearer than the prior by "
        "more than two standard errors."
    ]
    truth, choice = truth if measured else [], choice if app.distances_ else []
    return [
        f"Nearest / held-out: the median distance from a sample to the nearest of {len(app.points_):,} "
        f"training rows over that of {rows:,} held-out rows. Near 1 is good, far below 1 are copies. "
        "Samples are called nearer or farther where the area under the ROC curve of the two sets of "
        "distances is more than two standard errors from a half. "
        "Distances are in x (categories as indicators; texts by the cosine of TF-IDF).",
        f"Precision and recall (Kynkäänniemi et al. 2019, k = {MANIFOLD}): the share of samples within the "
        "manifold of the held-out rows, and of held-out rows within that of as many samples."
        + (
            ""
            if measured
            else " What is decoded is a mean without noise and fine detail, which lowers recall: such "
            "samples lie close together."
        ),
        *truth,
        *choice,
        "Step ratio: the longest step over the mean one in output space, 1 for an even path; the mean of up "
        f"to {_PAIRS} {app.path} paths between rows, {app.steps} examples each. Path / held-out: the mean "
        "distance from the inner examples of a path to the nearest training row, in the same unit.",
    ]
