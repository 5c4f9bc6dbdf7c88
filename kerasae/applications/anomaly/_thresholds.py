"""threshold_of: the threshold of a detector before it is fitted."""

from typing import Any

from kerasae import registry
from kerasae.kinds import kind_of
from kerasae.spec import Spec


def threshold_of(threshold: str | dict[str, Any], false_alarms: float | None, spec: Spec) -> Any:
    """Return a threshold that is not fitted yet.

    Args:
        threshold: Member of `kerasae.thresholds`, as a name or a dict with `name` and arguments.
        false_alarms: Share of normal examples that may be flagged. `None` is the default of the kind of the
            examples for `"conformal"`, and otherwise that of the threshold.
        spec: Description of the examples.

    Raises:
        ValueError: If the threshold does not accept a rate, and one is given.
    """
    arguments = {} if false_alarms is None else {"false_alarms": false_alarms}
    if threshold in ("conformal", {"name": "conformal"}):
        arguments = {"false_alarms": kind_of(spec).false_alarms, **arguments}
    name = threshold if isinstance(threshold, str) else threshold.get("name", "")
    known = registry.parameters(registry.resolve("threshold", name))
    if wrong := [key for key in arguments if key not in known]:
        raise ValueError(f"`{wrong[0]}` has no meaning for the threshold '{name}'; leave it out.")
    if false_alarms is not None and isinstance(threshold, dict):
        # The argument is that of a later use too, and holds before the rate in the dict.
        threshold = {**threshold, **arguments}
    return registry.get("threshold", threshold, **arguments)
