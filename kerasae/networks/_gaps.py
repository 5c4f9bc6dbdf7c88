"""gap_marks: the layer that fills the missing readings of a series."""

from kerasae.layers import GapMarks
from kerasae.spec import Spec


def gap_marks(spec: Spec, marks: bool | None) -> GapMarks:
    """Return the layer that fills missing readings.

    Args:
        spec: Fitted spec of windows.
        marks: Whether all channels are marked, or none. `None` marks those with missing readings in training.
    """
    wanted = [marks or (marks is None and channel.stand_in is None) for channel in spec.channels]
    return GapMarks(
        [number for number, is_marked in enumerate(wanted) if is_marked], dtype="float32", name="gaps"
    )
