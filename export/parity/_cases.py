"""Cases: rows for each signature of an artifact, with the answers of its model."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from kerasae.export.endpoints import draw, reasons_of
from kerasae.export.parity._scores import is_decided, spread
from kerasae.export.subject import Subject
from kerasae.export.views import View

from kerasae.losses import HIGHEST
from kerasae.models import WithPosterior, WithPrior
from kerasae.scores import Detector


@dataclasses.dataclass(frozen=True)
class Case:
    """Rows for one signature.

    Args:
        sent: Inputs by name, `(rows, ...)`.
        expected: Answers of the model by name. They are computed without the endpoints of the artifact.
        units: Unit of deviations by name: a number, or a number for each entry of the last axis. 0 marks
            codes.
    """

    sent: dict[str, np.ndarray]
    expected: dict[str, np.ndarray]
    units: dict[str, Any]

    def rows(self, picked: np.ndarray) -> "Case":
        """Return the picked rows; all rows if none is picked."""
        picked = picked if picked.any() else np.ones_like(picked)
        sent, expected = (
            {name: value[picked] for name, value in side.items()} for side in (self.sent, self.expected)
        )
        return Case(sent, expected, self.units)


def make_cases(subject: Subject, view: View, *, seeded: bool, unreadable: bool = True) -> dict[str, Case]:
    """Return a case for each signature of `endpoints`, with the held-out rows of a subject.

    Args:
        subject: Model that is exported, and its held-out rows.
        view: Form in which raw examples enter and leave the artifact.
        seeded: Whether a client sends a seed for each row that is drawn. Otherwise it sends the noise.
        unreadable: Whether the signatures that score a row also get one that cannot be scored. Pass False if
            one graph answers everything, because the code of such a row is not defined. Defaults to True.
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
    cases = {
        "reconstruct": Case(raw, *rebuilt),
        "encode": Case(raw, described, {"z": spread(codes)}),
        "decode": Case({"z": codes}, *rebuilt),
        "anomaly_score": Case(raw, {"score": score}, {"score": spread(score)}),
    }
    if subject.detector is not None:
        # From the model's own account of raw examples, without the graph of the endpoints.
        account = model.accounts(subject.held_out)
        detected = Case(raw, *_detected(subject, view, raw, x, account))
        cases["detect"] = detected.rows(is_decided(detected.expected["score"], _borders(subject.detector)))
    row = view.unreadable(raw) if unreadable else None
    if row is not None:
        cases["anomaly_score"] = _with_row(
            cases["anomaly_score"], row, {"score": np.array([HIGHEST], "float32")}
        )
        if subject.detector is not None:
            entered = np.asarray(view.enter({name: tf.constant(value) for name, value in row.items()}))
            answers, _ = _detected(subject, view, row, entered, model.account(tf.constant(entered)))
            cases["detect"] = _with_row(cases["detect"], row, answers)
    if subject.detector is not None:
        cases["detect_at"] = _at_thresholds(cases["detect"])
    if isinstance(model, WithPrior | WithPosterior):
        rng = np.random.default_rng(0)
        if seeded:
            noise = {"seed": rng.integers(0, 2**31, (len(x), 2)).astype("int32")}
            eps = np.asarray(draw(noise["seed"], model.latent_dim))
        else:
            eps = rng.normal(size=codes.shape).astype("float32")
            noise = {"eps": eps}
        if isinstance(model, WithPrior):
            cases["sample"] = Case(noise, *raw_units(_by_parts(model.decode, eps), "sample"))
        if isinstance(model, WithPosterior):
            drawn = np.asarray(model.draw_code(described, eps))
            cases["sample_posterior"] = Case({**raw, **noise}, *raw_units(_by_parts(model.decode, drawn)))
    return cases


def _detected(
    subject: Subject, view: View, sent: dict[str, np.ndarray], x: np.ndarray, account: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return what a detector answers for examples, and the units of the answers."""
    detector, model = subject.detector, subject.model
    assert detector is not None
    scores = np.asarray(detector(account))

    def rebuilt(x: Any) -> Any:
        return _by_parts(lambda part: model.decode(model.encode(part)), np.asarray(x))

    tensors = {name: tf.constant(value) for name, value in sent.items()}
    reasons = reasons_of(detector, view, dict(account), scores, tensors, tf.constant(x), rebuilt)
    maps = {name: np.asarray(value) for name, value in detector.maps(account).items()}
    answers = {
        "score": scores,
        "p_value": detector.kept.p_values(scores).astype("float32"),
        "anomalous": (scores > float(detector.threshold)).astype("int32"),
        **{name: np.asarray(value) for name, value in reasons.items()},
        **maps,
    }
    by_feature = {"by": "reason", "each": view.entry_units()}
    units: dict[str, Any] = {name: by_feature for name in ("value", "expected", "spread") if name in answers}
    units["share"] = {"by": "reason", "each": [1.0] * view.spec.size}
    for name in ("reason", "reason_name"):
        if name in answers:
            units[name] = {"ranked": "share"}
    if channels := len(view.spec.channels):
        # The strongest step of a channel may have about the same share as the next one.
        units["reason"]["channels"] = channels
    judged = scores[scores < HIGHEST]
    units |= {
        name: spread(scored) if (scored := values[np.isfinite(values)]).size else 1.0
        for name, values in maps.items()
    }
    return answers, {"score": spread(judged) if len(judged) else 1.0, **units}


def _at_thresholds(case: Case) -> Case:
    """Return a case of `detect_at`, with a threshold, with a rate, and with neither in turn."""
    scores, p_values = case.expected["score"], case.expected["p_value"]
    turn = np.arange(len(scores)) % 3
    threshold = np.where(turn == 0, np.float32(np.median(scores) * 1.0001), np.nan).astype("float32")
    rate = np.where(turn == 1, 0.5, np.nan).astype("float32")
    chosen = [scores > threshold, (p_values <= 0.5) | (scores >= HIGHEST), case.expected["anomalous"] > 0]
    flags = np.select([turn == number for number in range(3)], chosen).astype("int32")
    sent = {**case.sent, "threshold": threshold, "false_alarms": rate}
    return Case(sent, {**case.expected, "anomalous": flags}, case.units)


def _with_row(case: Case, row: dict[str, np.ndarray], answers: dict[str, np.ndarray]) -> Case:
    """Return a case with an additional second row, which cannot be scored."""
    sent = {name: np.insert(values, 1, row[name][0], axis=0) for name, values in case.sent.items()}
    expected = {
        name: np.insert(values, 1, answers[name][0], axis=0) for name, values in case.expected.items()
    }
    return dataclasses.replace(case, sent=sent, expected=expected)


def _borders(detector: Detector) -> np.ndarray:
    """Return the scores at which a decision or a p-value changes."""
    kept = detector.kept
    used = (kept.counts > 0) & (kept.scores < HIGHEST)
    return np.append(kept.scores[used], float(detector.threshold))


def _by_parts(function: Callable[..., Any], *arrays: np.ndarray, rows: int = 64) -> Any:
    """Apply a function of tensors to arrays in batches, because the logits of texts are large."""
    parts = [
        tf.nest.map_structure(np.asarray, function(*(tf.constant(a[i : i + rows]) for a in arrays)))
        for i in range(0, len(arrays[0]), rows)
    ]
    return tf.nest.map_structure(lambda *pieces: np.concatenate(pieces), *parts)


def with_units(signatures: dict[str, Any], cases: dict[str, Case]) -> dict[str, Any]:
    """Return signatures with the unit of each output beside its shape."""
    for signature, case in cases.items():
        for name, unit in case.units.items():
            signatures[signature]["outputs"][name]["unit"] = unit
    return signatures
