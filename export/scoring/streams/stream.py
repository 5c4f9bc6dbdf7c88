"""Stream: readings of sensors as they come, each answered by the score of the window that it ends."""

import datetime
import math
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.feeds import Reading, ReadingFeed
from kerasae.export.feeds.series import SeriesFeed
from kerasae.export.scoring._artifact import find_file
from kerasae.export.scoring.scorer import Scorer
from kerasae.export.scoring.streams.machine import Machine

from kerasae.calibration import Alarm, AlarmRule
from kerasae.precisions import Precision

_EPOCH = datetime.datetime(1970, 1, 1)


class Stream:
    """Readings of a sensor log as they come, each answered by the score of the window that it ends.

    The last window of each machine is kept. The answers are those of the file on the windows of a log. A
    call takes the time of the model, whatever the length of the window.

    Args:
        source: Folder of a bundle for devices, a `.tflite` file of one, or a `Scorer`.
        precision: Precision of the file. Defaults to `"float32"`.
        false_alarms: Share of new normal windows that may be flagged, in place of the calibrated one.
            Defaults to `None`: the threshold of the file decides.
        alarm: When an alarm begins and ends. Defaults to `None`, the rule of the file.

    Attributes:
        rule: When an alarm begins and ends; `None` for a file without a detector.

    Raises:
        FileNotFoundError: If there is no such bundle or precision.
        ValueError: If the model is none of a series, or a rate and a rule for alarms exclude each other.

    Example:
        >>> from kerasae.export import Stream
        >>> stream = Stream("ship")
        >>> for reading in readings:
        ...     answer = stream.push(reading)
        ...     if answer["alarm"]:
        ...         print(answer["score"], answer["reasons"])
    """

    def __init__(
        self,
        source: str | Path | Scorer,
        *,
        precision: Precision = "float32",
        false_alarms: float | None = None,
        alarm: AlarmRule | None = None,
    ) -> None:
        if not isinstance(source, Scorer):
            source = Scorer(find_file(source, precision), false_alarms=false_alarms)
        if not isinstance(source.feed, SeriesFeed):
            raise ValueError(
                f"Expected a model of windows of a series, received one of kind '{source.spec.kind}'; "
                "`Scorer` answers its examples."
            )
        self.scorer = source
        self.feed: ReadingFeed = source.feed.of_lines()
        self._windows: SeriesFeed = source.feed
        self.rule = _rule(source, alarm)
        self._machines: dict[str | None, tuple[Machine, Alarm]] = {}

    def push(self, reading: Any, time: Any = None, group: str | None = None) -> dict[str, Any]:
        """Take the next reading of all channels, and return the answer.

        Args:
            reading: Number of each channel in order, or a dict of them by name. `None` and NaN are missing.
            time: Time of the reading: a datetime, or a text or number as in the log. Defaults to `None`: it
                is the next step.
            group: Name of the machine. Defaults to `None`, for one machine.

        Returns:
            A dict of plain JSON values. `score` is that of the last window, and `None` until there is a whole
            one; `warming_up` is the number of readings that it still needs. `filled` is the number of missing
            readings that were put before this one, and `note` says why the window began anew, or why the
            reading was left out. With a detector it has `p_value`, `anomalous`, `alarm` and `reasons`, as in
            `Scorer.answers`.

        Raises:
            ValueError: If the reading or its time cannot be read.
        """
        return self.answer(self.feed.reading(reading, time, group))

    def reset(self, group: str | None = None) -> None:
        """Forget the readings of a machine."""
        self._machines.pop(group, None)

    def answer(self, reading: Reading) -> dict[str, Any]:
        """Return the answer to a reading, as `push` does."""
        if reading.group not in self._machines:
            alarm = Alarm(self.rule or AlarmRule(math.inf))
            self._machines[reading.group] = Machine(self._windows), alarm
        machine, alarm = self._machines[reading.group]
        place = machine.place(reading.time)
        if place.begins:
            alarm.reset()
        outputs, on = None, False
        for _ in machine.add(reading, place):
            outputs = None
            if not machine.needed:
                outputs = self.scorer.run(machine.sent)
                on = alarm.update(float(outputs["score"][0]))[1]
        known: dict[str, Any] = {}
        if reading.time is not None:
            known["time"] = (_EPOCH + datetime.timedelta(microseconds=reading.time // 1000)).isoformat()
        if reading.group is not None:
            known["group"] = reading.group
        if outputs is None:
            answer = self._empty()
        else:
            answer = self.scorer.answer(machine.raw, 0, outputs)
            if self.rule is not None:
                answer["alarm"] = on
            elif self.scorer.decides:
                answer["alarm"] = answer["anomalous"]
        note = place.begins and f"The window begins anew: {place.begins}."
        note = note or (place.left_out and f"The reading is left out: {place.left_out}.")
        said = {"warming_up": machine.needed, "filled": place.missing, "note": note or None}
        # Reasons, the only list, come last.
        reasons = {key: answer.pop(key) for key in ("reasons",) if key in answer}
        return {**known, **answer, **said, **reasons}

    def _empty(self) -> dict[str, Any]:
        """Return an answer without a score, with the keys of others."""
        if not self.scorer.decides:
            return {"score": None}
        return dict.fromkeys(("score", "p_value", "anomalous", "alarm")) | {"reasons": []}


def _rule(scorer: Scorer, alarm: AlarmRule | None) -> AlarmRule | None:
    """Return the rule for alarms. `None` if there is no detector, or if it decides at a rate."""
    if not scorer.decides:
        return None
    facts = scorer.facts["detector"]
    settings = {key: value for key, value in (facts.get("alarm") or {}).items() if value is not None}
    plain = all(settings.get(key, 1) == 1 for key in ("smooth", "release", "least"))
    if scorer.signature == "detect_at":
        if alarm is not None or not plain:
            raise ValueError(
                "Expected a rate of false alarms or a rule for alarms, received both; "
                "`kerasae calibrate` sets a threshold for a rate."
            )
        return None
    # The file compares in float32.
    threshold = float(np.float32(facts["threshold"]))
    return alarm or AlarmRule(**{"threshold": threshold, **settings})
