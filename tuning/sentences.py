"""Sentences about a search: which code size it recommends, and why."""

import dataclasses

from kerasae.tuning.curve import WORTH, Curve, Point

from kerasae.metrics import Difference
from kerasae.report import with_error

#: Largest relative difference in percent that is written as such. A larger one says less than both values.
_TELLING = 1000


def recommendation(curve: Curve, chosen: int | None = None) -> list[tuple[bool, str]]:
    """Return what a trade-off curve recommends, in sentences.

    Args:
        curve: Curve of a search.
        chosen: Code size to describe. Defaults to `None`: the recommended one.

    Returns:
        The sentences, each with whether it is good news.
    """
    size = chosen or curve.recommended()
    why = "as wished" if chosen else _why(curve, size)
    sentences = [(True, f"{_numbers(size)}, {why}: {_against(curve, curve.point(size))}.")]
    sentences += _of_larger_codes(curve)
    for point in curve.points:
        best = _best_baseline(curve, point)
        if best is None:
            continue
        better = curve.badness(point.value) < curve.badness(best.value)
        if better and (best.differs(point) or best.error is None):
            continue
        how = "better" if best.differs(point) else "as good"
        if best.error is None:
            how = "at least as good on these rows"
        where = f"At {_numbers(point.latent_dim)}"
        sentences.append((False, f"{where} {best.title} is {how}: {_against(curve, point)}."))
    return sentences + _of_cut_trials(curve)


def _why(curve: Curve, size: int) -> str:
    if size == curve.knee():
        return "the knee of the curve"
    if curve.enough() is not None:
        return "as good as any tried"
    return "the largest tried" if len(curve.points) > 1 else "the only size tried"


def _of_larger_codes(curve: Curve) -> list[tuple[bool, str]]:
    """Say what a larger code buys, if the curve tells."""
    envelope, enough = curve.envelope(), curve.enough()
    if enough is not None:
        index = [point.latent_dim for point in curve.points].index(enough)
        gain = _gain(envelope[index], envelope[-1])
        what = "nothing" if gain <= 0 else f"less than {100 * WORTH:.0f} %"
        return [(True, f"More than {enough} buys {what}.")]
    if len(curve.points) > 1 and envelope[-1] > 0:
        last, before = curve.points[-1], min(curve.points[:-1], key=lambda one: curve.badness(one.value))
        sentence = (
            f"The curve has not levelled off: {last.latent_dim} are {_gain(*envelope[-2:]):.0f} % better "
            f"than {before.latent_dim}, so more may buy more (--latent-dims)."
        )
        return [(True, sentence)]
    return []


def _of_cut_trials(curve: Curve) -> list[tuple[bool, str]]:
    """Say where the number of epochs ended the best trial too early."""
    cut = [point for point in curve.points if point.cut]
    if not cut:
        return []
    *others, last = (str(point.latent_dim) for point in cut)
    sizes = f"{', '.join(others)} and {last}" if others else last
    sentence = (
        f"With {sizes} numbers the last epoch of the best trial was its best one (--epochs {cut[0].cut}): "
        "longer trainings may be better there, also beside the baselines."
    )
    return [(False, sentence)]


def _gain(before: float, after: float) -> float:
    """Return by how much an error falls, in percent."""
    return 100 * (before - after) / before if before > 0 else 0.0


@dataclasses.dataclass(frozen=True)
class _Rival:
    """Best baseline of a code size, and the standard error of the difference from it; `None` if unknown."""

    title: str
    value: float
    error: float | None

    def differs(self, point: Point) -> bool:
        """Return whether the difference from the best trial is more than chance; False if it is unknown."""
        return self.error is not None and Difference(point.value - self.value, self.error).shown_by_best_of(
            point.tried
        )


def _best_baseline(curve: Curve, point: Point) -> _Rival | None:
    if not point.baselines:
        return None
    name = min(point.baselines, key=lambda key: curve.badness(point.baselines[key]))
    return _Rival(curve.titles.get(name, name), point.baselines[name], point.errors.get(name))


def _against(curve: Curve, point: Point) -> str:
    """Return the value of a point beside that of the best baseline."""
    best = _best_baseline(curve, point)
    said = f"{curve.heading} {point.value:.4g}"
    if best is None:
        return said
    if curve.lower and best.value <= 0:
        return f"{said}, where {best.title} is exact"
    share = _gain(best.value, point.value)
    if not curve.lower or abs(share) > _TELLING or best.error is None:
        return f"{said}, {best.title} {best.value:.4g}"
    if not best.differs(point):
        return f"{said}, {best.title} {best.value:.4g}, {_within(point.tried)}"
    error, size = 100 * best.error / best.value, abs(share)
    shown = with_error(size, error, _percent, 0) if error else _percent(size, 0)
    return f"{said}, {shown} % {'below' if share >= 0 else 'above'} {best.title}"


def _percent(share: float, digits: int) -> str:
    return f"{share:.{digits}f}" if share >= 1 or not share else f"{share:.{digits + 1}g}"


def _within(tried: int) -> str:
    if tried == 1:
        return "a difference within two standard errors"
    return f"a difference that the best of {tried} trials may have by chance"


def _numbers(count: int) -> str:
    return f"{count} number" if count == 1 else f"{count} numbers"
