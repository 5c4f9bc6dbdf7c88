"""Parity: what an artifact answers, held against what its model answers on examples unseen in training."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.subject import Subject
from kerasae.export.verify_edge import breaches, compare
from kerasae.export.views import View
from kerasae.export.views.endpoints import draw
from scipy.stats import spearmanr

from kerasae.losses import HIGHEST
from kerasae.registry import did_you_mean

#: What an artifact may differ by. Deviations are in units of x (pixels in [0, 1], standard
#: deviations of a column), of the standard deviation of codes and scores, or in nats of x. In float32 only
#: the order of additions differs, some 1e-6; the bounds leave it a factor of a hundred, and one
#: weight that is a tenth off exceeds them. The others are about three times what the command that
#: makes the README's table finds at worst, over all families and networks.
TOLERANCES: dict[str, dict[str, float]] = {
    "float32": {
        "max_deviation": 1e-4,
        "agreement": 0.999,
        "error_ratio": 1.001,
        "score_shift": 1e-3,
        "rank_correlation": 0.9999,
        "decisions": 0.998,
    },
    "float16": {
        "max_deviation": 0.03,
        "mean_deviation": 0.003,
        "agreement": 0.99,
        "error_ratio": 1.01,
        "score_shift": 0.01,
        "rank_correlation": 0.999,
        "decisions": 0.99,
    },
    "dynamic": {
        "mean_deviation": 0.07,
        "agreement": 0.95,
        "error_ratio": 1.03,
        "score_shift": 0.05,
        "rank_correlation": 0.995,
        "decisions": 0.98,
    },
    "int8": {
        "mean_deviation": 0.15,
        "agreement": 0.9,
        "error_ratio": 1.05,
        "score_shift": 0.1,
        "rank_correlation": 0.99,
        "decisions": 0.97,
    },
}

#: Share of the held-out rows that the model's own scores call abnormal, where there is no detector.
_ABNORMAL = 0.05


class ExportError(ValueError):
    """An artifact that cannot leave; the others of a bundle can."""


class ParityError(ExportError):
    """An artifact does not agree with its model.

    Args:
        reason: which artifact, and what exceeds its tolerance.
        parity: all that was measured.
    """

    def __init__(self, reason: str, parity: "Parity") -> None:
        super().__init__(
            f"{reason}; nothing was written. Another precision may do, or --tolerance MEASURE=VALUE."
        )
        self.reason, self.parity = reason, parity


@dataclasses.dataclass(frozen=True)
class Case:
    """Rows for one signature.

    Args:
        sent: inputs by name, `(rows, ...)`.
        expected: what the model answers, by name, worked out without the artifact's endpoints.
        units: what deviations are measured in, by name.
    """

    sent: dict[str, np.ndarray]
    expected: dict[str, np.ndarray]
    units: dict[str, Any]

    def rows(self, picked: np.ndarray) -> "Case":
        """Some of the rows; all of them if none is picked."""
        picked = picked if picked.any() else np.ones_like(picked)
        sent, expected = (
            {name: value[picked] for name, value in side.items()} for side in (self.sent, self.expected)
        )
        return Case(sent, expected, self.units)


def make_cases(subject: Subject, view: View, *, seeded: bool, unreadable: bool = True) -> dict[str, Case]:
    """A case for each signature that `endpoints` gives, on the held-out rows of a subject.

    Args:
        subject: what is exported.
        view: how raw examples enter and leave.
        seeded: whether draws come from a seed a row.
        unreadable: whether the signatures that judge a row also get one that cannot be judged; not where one
            graph answers everything, and codes with it.
    """
    model = subject.model
    raw = view.feed(subject.held_out)
    x = subject.preprocessor.to_x(subject.held_out)
    codes = model.transform(subject.held_out)
    described = {**_by_parts(model.describe, x), "z": codes}

    def decoded(x: Any, z: Any) -> dict[str, Any]:
        params = model.decoder(z)
        return {
            "rebuilt": model.reconstruction_loss.mean(params),
            "score": model.reconstruction_loss.anomaly_score(x, params),
        }

    ours = _by_parts(decoded, x, codes)
    score = ours["score"]

    def raw_units(rebuilt: Any, name: str = "reconstruction") -> tuple[dict[str, Any], dict[str, Any]]:
        return view.expected(np.asarray(rebuilt), name), view.units(name)

    rebuilt = raw_units(ours["rebuilt"])
    found = {
        "reconstruct": Case(raw, *rebuilt),
        "encode": Case(raw, described, {"z": _spread(codes)}),
        "decode": Case({"z": codes}, *rebuilt),
        "anomaly_score": Case(raw, {"score": score}, {"score": _spread(score)}),
    }
    if subject.detector is not None:
        # By way of the model's own account of raw examples, not of the endpoints' graph.
        odd = np.asarray(subject.detector(model.accounts(subject.held_out)))
        flags = np.asarray(subject.detector.anomalous(odd)).astype("int32")
        detected = Case(raw, {"score": odd, "anomalous": flags}, {"score": _spread(odd)})
        found["detect"] = detected.rows(is_decided(odd, subject.detector.threshold))
    row = view.unreadable(raw) if unreadable else None
    if row is not None:
        for name in ("anomaly_score", "detect"):
            if name in found:
                found[name] = _with_unreadable(found[name], row)
    if model.generative:
        rng = np.random.default_rng(0)
        if seeded:
            noise = {"seed": rng.integers(0, 2**31, (len(x), 2)).astype("int32")}
            eps = np.asarray(draw(noise["seed"], model.latent_dim))
        else:
            eps = rng.normal(size=codes.shape).astype("float32")
            noise = {"eps": eps}
        drawn = np.asarray(model.draw_code(described, eps))
        found["sample"] = Case(noise, *raw_units(_by_parts(model.decode, eps), "sample"))
        found["sample_posterior"] = Case({**raw, **noise}, *raw_units(_by_parts(model.decode, drawn)))
    return found


def _with_unreadable(case: Case, row: dict[str, np.ndarray]) -> Case:
    """A case with one row more, the second one, that cannot be judged and counts as anomalous."""
    answers = {
        name: np.array([1 if name == "anomalous" else HIGHEST], values.dtype)
        for name, values in case.expected.items()
    }
    sent = {name: np.insert(values, 1, row[name][0], axis=0) for name, values in case.sent.items()}
    expected = {name: np.insert(values, 1, answers[name]) for name, values in case.expected.items()}
    return dataclasses.replace(case, sent=sent, expected=expected)


def _by_parts(function: Callable[..., Any], *arrays: np.ndarray, rows: int = 64) -> Any:
    """A function of tensors on arrays, so many rows at a time: logits of texts are large."""
    parts = [
        tf.nest.map_structure(np.asarray, function(*(tf.constant(a[i : i + rows]) for a in arrays)))
        for i in range(0, len(arrays[0]), rows)
    ]
    return tf.nest.map_structure(lambda *found: np.concatenate(found), *parts)


def _spread(values: np.ndarray) -> float:
    return float(values.std()) or 1.0


@dataclasses.dataclass(frozen=True)
class Parity:
    """How well an artifact agrees with its model.

    Attributes:
        outputs: one dict an output: `signature`, `output`, and what `compare` finds.
        use: what matters to a user, by measure.
        breaches: a sentence for each measure outside its tolerance.
    """

    outputs: list[dict[str, Any]]
    use: dict[str, float]
    breaches: list[str]

    def to_dict(self) -> dict[str, Any]:
        """For `parity.json`."""
        return {"outputs": self.outputs, "use": self.use, "breaches": self.breaches}


def measure(
    subject: Subject,
    cases: dict[str, Case],
    run: Callable[[str, dict[str, np.ndarray]], dict[str, np.ndarray]],
    tolerance: dict[str, float],
    *,
    score: str = "anomaly_score",
    reconstruct: str = "reconstruct",
) -> Parity:
    """Runs every case through an artifact and compares.

    Args:
        subject: what was exported.
        cases: by signature.
        run: of the artifact, from a signature and what is sent to what is answered.
        tolerance: by measure.
        score: the signature that answers with scores, if there is one.
        reconstruct: the signature that answers with reconstructions, if there is one.
    """
    outputs, answers, said = [], {}, []
    for signature, case in cases.items():
        got = answers[signature] = run(signature, case.sent)
        for name, expected in case.expected.items():
            found = compare(_comparable(expected), _comparable(got[name]), case.units.get(name, 1.0))
            outputs.append({"signature": signature, "output": name, **found})
            said += breaches(found, tolerance, f"{signature} {name}")
    use: dict[str, float] = {}
    if reconstruct in cases:
        use |= _errors(subject, cases[reconstruct], answers[reconstruct])
    if score in cases:
        use |= _scores(cases[score].expected["score"], answers[score]["score"])
    return Parity(outputs, use, said + breaches(use, tolerance, "in use"))


def _comparable(values: np.ndarray) -> np.ndarray:
    """Strings as bytes, as a graph gives them; numbers as they are."""
    values = np.asarray(values)
    if values.dtype.kind not in "OUS":
        return values
    return np.array([v.encode() if isinstance(v, str) else v for v in values.ravel()], dtype=object).reshape(
        values.shape
    )


def _errors(subject: Subject, case: Case, got: dict[str, np.ndarray]) -> dict[str, float]:
    """`error_ratio`, of the artifact's reconstructions to the model's, for images and vectors."""
    if subject.preprocessor.spec.kind in ("table", "text"):
        return {}

    def error(rebuilt: np.ndarray) -> float:
        # As they are sent and answered: both lack an origin, where a device counts from one.
        off = case.sent["x"].astype("float64") - rebuilt
        return float(np.mean(np.square(off / np.asarray(case.units["reconstruction"]))))

    ours, theirs = (error(side["reconstruction"]) for side in (case.expected, got))
    return {"error_ratio": theirs / ours} if ours > 0 else {}


def is_decided(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Which scores are further from a threshold than float32 may move them, bool `(rows,)`.

    A score at the threshold is on either side of it by its last bit, which says nothing of an artifact.
    """
    rounding = TOLERANCES["float32"]["max_deviation"] * _spread(scores[scores < HIGHEST])
    return np.abs(scores - threshold) > rounding


def _scores(expected: np.ndarray, got: np.ndarray) -> dict[str, float]:
    """What matters of anomaly scores: their level, their order, the decisions they lead to.

    Rows that cannot be judged are left out: they have one and the same score.
    """
    judged = expected < HIGHEST
    expected, got = expected[judged], got[judged]
    found = {"score_shift": float(abs(got.mean() - expected.mean()) / _spread(expected))}
    if len(expected) >= 20 and expected.std() > 0:
        found["rank_correlation"] = float(spearmanr(expected, got).statistic) if got.std() > 0 else 0.0
        threshold = np.quantile(expected, 1 - _ABNORMAL)
        decided = is_decided(expected, threshold)
        if decided.any():
            found["decisions"] = float(np.mean(((expected > threshold) == (got > threshold))[decided]))
    return found


def tolerances(precision: str, changed: dict[str, float] | None) -> dict[str, float]:
    """The tolerances of a precision, some of them changed.

    Raises:
        ValueError: for an unknown measure.
    """
    known = sorted({key for values in TOLERANCES.values() for key in values})
    for key in changed or {}:
        if key not in known:
            raise ValueError(f"Unknown tolerance {key!r}; {did_you_mean(key, known)}")
    return TOLERANCES[precision] | (changed or {})


def refuse(parity: Parity, what: str) -> None:
    """Raises a ParityError if there is a breach."""
    if parity.breaches:
        more = f" (and {len(parity.breaches) - 1} more)" if len(parity.breaches) > 1 else ""
        raise ParityError(f"{what} does not agree with its model: {parity.breaches[0]}{more}", parity)


def golden_arrays(group: str, cases: dict[str, Case], rows: int) -> dict[str, np.ndarray]:
    """The first rows of cases as arrays for `golden.npz`; read back by `read_golden`."""
    found: dict[str, np.ndarray] = {}
    for signature, case in cases.items():
        for side, arrays in (("in", case.sent), ("out", case.expected)):
            for name, array in arrays.items():
                found |= _stored(f"{group}:{signature}:{side}:{name}", _comparable(array[:rows]))
    return found


def _stored(key: str, array: np.ndarray) -> dict[str, np.ndarray]:
    if array.dtype != object:
        return {key: array}
    # Without pickle NumPy stores strings of fixed length alone, and drops NUL at their end.
    texts: Sequence[bytes] = array.tolist()
    return {
        f"{key}|bytes": np.frombuffer(b"".join(texts), "uint8"),
        f"{key}|lengths": np.array([len(text) for text in texts], "int64"),
    }
