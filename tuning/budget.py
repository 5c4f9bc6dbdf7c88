"""Budget: bounds on the cost of the exported model that a trial may have."""

import dataclasses

from kerasae.precisions import BYTES, Precision, check_precision


@dataclasses.dataclass(frozen=True)
class Budget:
    """Bounds on the cost of the exported TFLite file; `None` stands for no bound.

    Args:
        parameters: Greatest number of parameters of the model. Defaults to none.
        bytes: Greatest size of the file with all its signatures. Defaults to none.
        latency_ms: Longest time for a row on one thread, in milliseconds, measured on the machine that runs
            the trial. Defaults to none.
        precision: Precision of the file. Defaults to float32.

    Raises:
        ValueError: For a bound that is not positive, or an unknown precision.
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
        """Return the bounds that are set, by the name of a trial's figure."""
        bounds = {"parameters": self.parameters, "bytes": self.bytes, "latency_ms": self.latency_ms}
        return {name: bound for name, bound in bounds.items() if bound is not None}

    @property
    def converts(self) -> bool:
        """Whether the cost of a trial is known only after a conversion."""
        return self.bytes is not None or self.latency_ms is not None

    @property
    def most_parameters(self) -> float:
        """Greatest number of parameters that can fit: a file holds them all."""
        # The scales of a quantised file come on top; biases stay in float32.
        by_bytes = float("inf") if self.bytes is None else self.bytes / BYTES[self.precision]
        return min(by_bytes, float("inf") if self.parameters is None else self.parameters)

    def excess(self, costs: dict[str, float]) -> str:
        """Return what is over the budget in words, or an empty string."""
        return "; ".join(
            f"{name} {_plain(costs[name])} of at most {_plain(bound)}"
            for name, bound in self.bounds().items()
            if name in costs and costs[name] > bound
        )


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
