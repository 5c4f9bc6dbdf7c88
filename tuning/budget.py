"""Budget: bounds on the cost of the exported model that a trial may have."""

import dataclasses

from kerasae.precisions import BYTES, Precision, check_precision


@dataclasses.dataclass(frozen=True)
class Budget:
    """Bounds on the cost of the exported TFLite file.

    Args:
        parameters: Largest number of parameters of the model. Defaults to `None`: no bound.
        bytes: Largest size of the file with all its signatures, in bytes. Defaults to `None`: no bound.
        latency_ms: Longest time of a call for one row on one thread, in milliseconds, on the machine that
            runs the trial. Defaults to `None`: no bound.
        precision: Precision of the file. Defaults to `"float32"`.

    Raises:
        ValueError: If a bound is not positive, or the precision is unknown.
    """

    parameters: int | None = None
    bytes: int | None = None
    latency_ms: float | None = None
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        check_precision(self.precision)
        for name, bound in self.bounds().items():
            if not bound > 0:
                raise ValueError(f"The budget for `{name}` must be positive, received {bound!r}.")

    def bounds(self) -> dict[str, float]:
        """Return the bounds that are set, by the name of the figure of a trial."""
        bounds = {"parameters": self.parameters, "bytes": self.bytes, "latency_ms": self.latency_ms}
        return {name: bound for name, bound in bounds.items() if bound is not None}

    @property
    def converts(self) -> bool:
        """Whether a model must be converted before its cost is known."""
        return self.bytes is not None or self.latency_ms is not None

    @property
    def most_parameters(self) -> float:
        """Largest number of parameters that can be within the budget, because a file contains them all."""
        # A quantised file also contains scales, and biases in float32.
        by_bytes = float("inf") if self.bytes is None else self.bytes / BYTES[self.precision]
        return min(by_bytes, float("inf") if self.parameters is None else self.parameters)

    def excess(self, costs: dict[str, float]) -> str:
        """Return the costs that exceed the budget, in words; an empty string if none does."""
        return "; ".join(
            f"{name} {_plain(costs[name])} of at most {_plain(bound)}"
            for name, bound in self.bounds().items()
            if name in costs and costs[name] > bound
        )


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
