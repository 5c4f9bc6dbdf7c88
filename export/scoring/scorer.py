"""Scorer: a file for devices that answers rows with scores, p-values, decisions and reasons."""

import math
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.embedded import embedded_facts
from kerasae.export.feeds import Feed, feed_of

from kerasae.backend import quiet
from kerasae.calibration import check_rate
from kerasae.files import NewerFormatError
from kerasae.kinds import kind_of
from kerasae.spec import Spec


class Scorer:
    """File for devices in LiteRT, on one thread, which answers rows one by one. TensorFlow is not imported.

    Args:
        path: Path of a `.tflite` file of an export, with its facts inside.
        false_alarms: Share of new normal rows that may be flagged, in place of the calibrated one. Defaults
            to `None`: the threshold of the file decides.
        reference: Whether TFLite's reference kernels compute, with whose answers those of a C library agree
            to the bit. They are slower. Defaults to `False`.

    Attributes:
        facts: Facts of the file.
        spec: Spec of its examples.
        feed: Feed of its examples.
        false_alarms: Share of new normal rows that may be flagged; `None` without a detector, or if its
            threshold is not set by this share.
        signature: Signature that is called: `detect`, `detect_at` with a rate, or `anomaly_score` if the file
            has no detector.

    Raises:
        ValueError: If the file is no such file, or cannot decide at a rate.

    Example:
        >>> from kerasae.export.scoring import Scorer
        >>> scorer = Scorer("ship/edge/pumps_float32.tflite")
        >>> next(scorer.answers(scorer.feed.of_values([{"torque": 84.0, "speed": 1500, "grade": "H"}])))
        {'score': 9.6, 'p_value': 0.004, 'anomalous': True, ...}
    """

    def __init__(
        self, path: str | Path, *, false_alarms: float | None = None, reference: bool = False
    ) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        content = Path(path).read_bytes()
        try:
            self.facts = embedded_facts(content, path)
            # The runtime reports its delegate once it allocates.
            with quiet(show_failure=False):
                kernels = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
                interpreter = Interpreter(
                    model_content=content, num_threads=1, experimental_op_resolver_type=kernels
                )
                interpreter.allocate_tensors()
                signatures = interpreter.get_signature_list()
                self.signature = _chosen(signatures, false_alarms)
                self._run = interpreter.get_signature_runner(self.signature)
        except NewerFormatError:
            raise
        except ValueError as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise ValueError(f"{reason}: {path}; export the run again.") from None
        if false_alarms is not None:
            check_rate(false_alarms)
            _check_enough(self.facts, false_alarms)
        self._interpreter = interpreter
        self.spec: Spec = Spec.from_dict(self.facts["spec"])
        self.feed: Feed = feed_of(self.spec, self.facts["feed"])
        detector = self.facts["detector"] or {}
        self.false_alarms: float | None = (
            detector.get("false_alarms") if false_alarms is None else false_alarms
        )
        # A threshold that is NaN is not given.
        settings = {"threshold": np.nan, "false_alarms": false_alarms}
        self._settings = {
            name: np.full(one["shape"], settings[name], "float32")
            for name, one in self._run.get_input_details().items()
            if name in settings
        }
        self._names: list[str] = []

    @property
    def decides(self) -> bool:
        """Whether the file has a detector, and answers with decisions."""
        return self.signature != "anomaly_score"

    @property
    def crops(self) -> bool:
        """Whether the model was trained on crops of images."""
        return self.facts.get("crops", False) is True

    def raw_answers(self, raw: Any) -> Iterator[dict[str, np.ndarray]]:
        """Yield the outputs of the signature for each example, `(1, ...)`, by name.

        Raises:
            ValueError: If the examples are not of the spec.
        """
        sent = self.feed(raw)
        for i in range(len(next(iter(sent.values())))):
            yield self.run({name: values[i : i + 1] for name, values in sent.items()})

    def run(self, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the outputs of the signature for the inputs of one example, each `(1, ...)`, by name."""
        outputs: dict[str, np.ndarray] = self._run(**sent, **self._settings)
        return outputs

    def answers(self, raw: Any) -> Iterator[dict[str, Any]]:
        """Yield the answer for each example, as plain JSON values.

        Args:
            raw: Raw examples, as `Feed` takes them.

        Yields:
            A dict of `score`, and of `p_value`, `anomalous` and `reasons` if the file answers with them.
            Each reason has `feature`, its `share` of the score, the `value` that stands there, and the value
            that is `expected` with its `spread`, in raw units; the spread of a date is in days.

        Raises:
            ValueError: If the examples are not of the spec.
        """
        for row, outputs in enumerate(self.raw_answers(raw)):
            yield self.answer(raw, row, outputs)

    def answer(self, raw: Any, row: int, outputs: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return the answer for one example, as `answers` yields it.

        Args:
            raw: Raw examples.
            row: Number of the example, from 0.
            outputs: Outputs of the signature for it.
        """
        answer: dict[str, Any] = {"score": _short(outputs["score"][0])}
        if "p_value" in outputs:
            answer["p_value"] = _short(outputs["p_value"][0])
        if "anomalous" in outputs:
            answer["anomalous"] = bool(outputs["anomalous"][0])
        if "reason" in outputs:
            answer["reasons"] = [*self._reasons(raw, row, {key: one[0] for key, one in outputs.items()})]
        return answer

    def _reasons(self, raw: Any, row: int, outputs: dict[str, np.ndarray]) -> Iterator[dict[str, Any]]:
        if not self._names:
            self._names = kind_of(self.spec).feature_names
        for place, number in enumerate(outputs["reason"].tolist()):
            share = float(outputs["share"][place])
            if not share > 0:
                continue
            reason = {"feature": self._names[number], "share": round(share, 4)}
            for key in ("value", "expected"):
                if key in outputs:
                    reason[key] = self.feed.raw_value(number, float(outputs[key][place]))
            if "value" in reason and (entry := self.feed.entry(raw, row, number)) is not None:
                # The artifact has seen it in float32, and a category that the training did not have as 0.
                reason["value"] = entry
            if "spread" in outputs and (spread := float(outputs["spread"][place])) > 0:
                reason["spread"] = self.feed.raw_spread(number, spread)
            yield reason


def _chosen(signatures: Collection[str], false_alarms: float | None) -> str:
    """Return the signature to call."""
    if false_alarms is None:
        return "detect" if "detect" in signatures else "anomaly_score"
    if "detect_at" not in signatures:
        raise ValueError("Expected a file with the signature detect_at to decide at a rate, received another")
    return "detect_at"


def _check_enough(facts: dict[str, Any], false_alarms: float) -> None:
    """Refuse a rate that the calibration rows of a file are too few for, because nothing would be flagged."""
    rows, block = facts["detector"]["calibration_rows"], facts["detector"].get("calibration_block", 1)
    least = block / (rows + block)
    if false_alarms < least * (1 - 1e-9):
        blocks = "" if block == 1 else f" of which {block} neighbours share readings"
        scale = 10 ** (2 - math.floor(math.log10(least)))
        # Rounded up, because a rate that is rounded down would be refused again.
        shown = math.ceil(least * (1 - 1e-9) * scale) / scale
        raise ValueError(
            f"Expected a rate of false alarms of at least {shown:.3g}, because the file was calibrated with "
            f"{rows:,} normal rows{blocks}; received {false_alarms:g}. Allow more false alarms "
            "(--false-alarms), or calibrate with more rows."
        )


def _short(number: Any) -> float:
    """Return a float32 with the digits that distinguish it."""
    return float(f"{float(number):.9g}")
