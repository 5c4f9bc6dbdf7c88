"""Parity: the answers of an artifact compared with those of its model on held-out examples."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from kerasae.export.decision import Decision
from kerasae.export.parity._cases import Case
from kerasae.export.parity._decided import decision_faults
from kerasae.export.parity._golden import comparable
from kerasae.export.parity._scores import reason_measures, score_measures
from kerasae.export.subject import Subject
from kerasae.export.verify_edge import breaches, compare_output

from kerasae.kinds import kind_of

#: Measures of an output, with the function that picks the worse of two.
_WORST = {
    "max_deviation": max,
    "mean_deviation": max,
    "score_max_deviation": max,
    "score_mean_deviation": max,
    "agreement": min,
}


@dataclasses.dataclass(frozen=True)
class Parity:
    """Agreement of an artifact with its model.

    Attributes:
        outputs: A dict for each output: `signature`, `output`, and the measures of `compare`.
        use: Measures of reconstructions and scores as a whole, by name.
        breaches: A sentence for each measure outside its tolerance.
    """

    outputs: list[dict[str, Any]]
    use: dict[str, float]
    breaches: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of `parity.json`."""
        return {"outputs": self.outputs, "use": self.use, "breaches": self.breaches}

    def summary(self) -> dict[str, float]:
        """Return the worst value of each measure over all outputs, and the measures of use."""
        worst_values: dict[str, float] = {}
        for one in self.outputs:
            for name in _WORST.keys() & one:
                worst_values[name] = _WORST[name](worst_values.get(name, one[name]), one[name])
        return {**worst_values, **self.use}


def measure(
    subject: Subject,
    cases: dict[str, Case],
    run: Callable[[str, dict[str, np.ndarray]], dict[str, np.ndarray]],
    tolerance: dict[str, float],
    *,
    score: str = "anomaly_score",
    reconstruct: str = "reconstruct",
) -> Parity:
    """Run every case through an artifact, and compare the answers with those of the model.

    The decisions of a detector must in addition follow from the scores of the artifact itself.

    Args:
        subject: Model that was exported.
        cases: Rows and the answers of the model, by signature.
        run: Function of the artifact, from a signature and its inputs to its outputs.
        tolerance: Bound by measure.
        score: Signature that answers with scores. It may be missing. Defaults to `"anomaly_score"`.
        reconstruct: Signature that answers with reconstructions. It may be missing. Defaults to
            `"reconstruct"`.
    """
    outputs, answers, said = [], {}, []
    detector = subject.detector
    decision = None if detector is None else Decision(float(detector.threshold), detector.kept)
    for signature, case in cases.items():
        answers[signature] = run(signature, case.sent)
        expected, answer = (
            {name: comparable(side[name]) for name in case.expected}
            for side in (case.expected, answers[signature])
        )
        for name in case.expected:
            deviations = compare_output(expected, answer, name, case.units.get(name, 1.0))
            outputs.append({"signature": signature, "output": name, **deviations})
            said += breaches(deviations, tolerance, f"{signature} {name}")
        if decision is not None:
            said += decision_faults(case, answers[signature], decision, signature)
    use: dict[str, float] = {}
    if reconstruct in cases:
        use |= _errors(subject, cases[reconstruct], answers[reconstruct])
    if score in cases:
        use |= score_measures(cases[score].expected["score"], answers[score]["score"])
    if "reason" in cases.get("detect", cases[next(iter(cases))]).expected:
        channels = len(subject.preprocessor.spec.channels) or None
        use |= reason_measures(cases["detect"].expected, answers["detect"], channels)
    return Parity(outputs, use, said + breaches(use, tolerance, "in use"))


def _errors(subject: Subject, case: Case, got: dict[str, np.ndarray]) -> dict[str, float]:
    """Return `error_ratio`, the artifact's error divided by the model's, for images and vectors."""
    if not kind_of(subject.preprocessor.spec).is_array:
        return {}

    def error(rebuilt: np.ndarray) -> float:
        # Inputs and outputs of a device may be counted from an origin; the difference does not depend on it.
        off = case.sent["x"].astype("float64") - rebuilt
        # A missing reading has no error.
        return float(np.nanmean(np.square(off / np.asarray(case.units["reconstruction"]))))

    ours, theirs = (error(side["reconstruction"]) for side in (case.expected, got))
    return {"error_ratio": theirs / ours} if ours > 0 else {}
