"""Measures: base class of the figures of a codec on one kind of examples."""

from collections.abc import Callable
from typing import Any, ClassVar

from kerasae import registry
from kerasae.codec import Codec
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics._metric import Metric
from kerasae.metrics._rows import RowSums
from kerasae.spec import Spec


class Measures:
    """Figures of one kind of examples.

    This class is abstract. A subclass is one file of this room, and `Kind.measures` names that file.

    Attributes:
        deciding: Metrics without a value that decide whether a baseline is beaten, the most important first.
        others: Further metrics of a table, without a value.
        notes: Sentences on how the figures are computed.
    """

    deciding: ClassVar[tuple[Metric, ...]] = ()
    others: ClassVar[tuple[Metric, ...]] = ()
    notes: ClassVar[tuple[str, ...]] = ()

    @property
    def headline(self) -> tuple[Metric, ...]:
        """Columns of a comparison."""
        return (*self.deciding, *self.others)

    def main(self, spec: Spec) -> Metric:
        """Return the deciding metric that a search and its curve use."""
        return self.deciding[0]

    def measured(self, codec: Codec, data: Data, split: str) -> tuple[dict[str, Any], dict[str, RowSums]]:
        """Measure a codec on a split.

        Returns:
            Figures by key, `None` for undefined ones, and the contribution of each row to the figures that
            decide a comparison, by key.
        """
        raise NotImplementedError

    def figures(self, codec: Codec, data: Data, split: str) -> dict[str, Any]:
        """Return the figures of a codec on a split, by key; `None` for undefined ones."""
        return self.measured(codec, data, split)[0]

    def doubt(self, ours: Callable[[str], Any], theirs: Callable[[str], Any], key: str) -> str:
        """Return a sentence that qualifies a verdict on one figure by the others, or nothing.

        Args:
            ours: Function of a key that returns the figure of a codec.
            theirs: Function of a key that returns the figure of the baseline.
            key: Key of the figure that is judged.
        """
        return ""

    def exact(self, figures: dict[str, Any], key: str) -> bool:
        """Return whether a baseline with these figures is exact in one of those that are judged."""
        return False


def measures_of(spec: Spec) -> Measures:
    """Return the measures of the examples that a spec describes."""
    measures: Measures = registry.resolve("measures", kind_of(spec).measures)()
    return measures
