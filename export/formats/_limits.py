"""Limits: the models that a format cannot hold, each with the reason."""

import dataclasses
from collections.abc import Callable

from kerasae.export.subject import Subject

from kerasae.kinds import kind_of
from kerasae.models import all_layers


@dataclasses.dataclass(frozen=True)
class Limit:
    """Models that a format cannot hold.

    A limit looks at a whole subject, so it can refuse a kind of examples, a family or a network.

    Args:
        expected: Description of the models that the format can hold, as `a model of images or vectors`.
        received: Function that describes why a subject is refused, as `one of kind 'table'`. It returns an
            empty string for a subject that the format can hold.
        reason: Reason for the limit, as a part of a sentence. Advice may follow it, as a sentence of its own.
    """

    expected: str
    received: Callable[[Subject], str]
    reason: str


def arrays_only(reason: str) -> Limit:
    """Return a limit to examples that are arrays of numbers without missing entries."""

    def received(subject: Subject) -> str:
        kind = kind_of(subject.preprocessor.spec)
        return "" if kind.is_array and not kind.has_gaps else f"one of kind '{kind.spec.kind}'"

    advice = "Numbers without gaps can be trained from a .npy file"
    return Limit("a model of images or vectors", received, f"{reason}. {advice}")


def no_layers(named: str, expected: str, reason: str) -> Limit:
    """Return a limit to networks without layers of some types.

    Args:
        named: Text that the names of the refused types contain, such as `Conv`.
        expected: Description of the networks that are left.
        reason: Reason for the limit.
    """

    def received(subject: Subject) -> str:
        model = subject.model
        layers = [*all_layers(model.encoder), *model.head_layers(), *all_layers(model.decoder)]
        return ", ".join(sorted({type(one).__name__ for one in layers if named in type(one).__name__}))

    return Limit(expected, received, reason)
