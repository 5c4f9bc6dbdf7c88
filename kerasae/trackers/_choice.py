"""trackers_of: trackers by their names, as a user writes them."""

from collections.abc import Sequence

from kerasae import registry
from kerasae.arguments import parse_call
from kerasae.progress import work
from kerasae.trackers._base import Tracker


def trackers_of(log_to: Sequence[str | Tracker]) -> list[Tracker]:
    """Return trackers.

    Args:
        log_to: Trackers, or names with or without arguments, such as `"mlflow"` or
            `"mlflow(experiment=pumps)"`.

    Raises:
        ImportError: If a package is missing.
        ValueError: If a name or an argument is unknown, or a tracker is named twice.
        TypeError: If an argument has the wrong type.
    """
    trackers = [_made(one) if isinstance(one, str) else one for one in log_to]
    names = [tracker.name() for tracker in trackers]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"Expected each tracker once, received '{repeated[0]}' twice; leave one out.")
    return trackers


def check_trackers(log_to: Sequence[str | Tracker]) -> list[Tracker]:
    """Return trackers, as `trackers_of` does, after a check that each can be reached.

    Raises:
        TrackingError: If one cannot.
    """
    trackers = trackers_of(log_to)
    for tracker in trackers:
        with work(f"opening {tracker.name()}"):
            tracker.check()
    return trackers


def _made(text: str) -> Tracker:
    call = parse_call(text)
    tracker: Tracker = registry.get("tracker", {"name": call.name, **call.arguments})
    tracker.check_installed()
    return tracker
