"""Trials: the result of each, read from its folder."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasae.files import read_arrays, read_json, write_arrays, write_json
from kerasae.metrics import RowSums

_ROWS = "rows.npz"
#: Beginning of the reason of a trial that was not run because its model is over the budget.
OVER_BUDGET = "over budget: "


@dataclasses.dataclass(frozen=True)
class Trial:
    """Trial of a search.

    Args:
        number: Number of the trial, from 0.
        status: `COMPLETED`, `FAILED`, or `RUNNING` until its result can be read.
        values: Hyperparameters of the trial.
        settings: Settings of the recipe that follow from them.
        figures: Figures by name; none unless the trial is completed.
        reductions: Epochs before the best one after which the learning rate was reduced.
        seconds: Duration in seconds.
        reason: Reason of a failure; otherwise an empty string.
    """

    number: int
    status: str
    values: dict[str, Any]
    settings: dict[str, Any]
    figures: dict[str, float]
    reductions: tuple[int, ...]
    seconds: float
    reason: str

    @property
    def latent_dim(self) -> int:
        """Code size."""
        return int(self.values["latent_dim"])

    @property
    def completed(self) -> bool:
        """Whether the trial has figures."""
        return self.status == "COMPLETED"

    @property
    def ended(self) -> bool:
        """Whether the trial is completed or failed."""
        return self.status in ("COMPLETED", "FAILED")

    @property
    def over_budget(self) -> bool:
        """Whether the trial was not run because its model is over the budget."""
        return self.reason.startswith(OVER_BUDGET)

    def shape(self) -> str:
        """Return the network in a few characters."""
        for key in ("widths", "filters"):
            if f"network.{key}" in self.settings:
                widths = "-".join(map(str, self.settings[f"network.{key}"])) or "linear"
                return widths + self._of_a_map()
        if "network.hidden" in self.settings:
            return f"{self.settings['network.hidden']}, blocks: {self.settings['network.blocks']}"
        return ""

    def _of_a_map(self) -> str:
        """Return what a network has if its code is a map; otherwise an empty string."""
        if "network.residual_blocks" not in self.settings:
            return ""
        blocks, numbers = (self.settings[f"network.{key}"] for key in ("residual_blocks", "latent_dim"))
        return f", blocks: {blocks}, numbers a place: {numbers}"

    @property
    def described(self) -> str:
        """Network in a few characters, with its window if windows are searched."""
        window = self.values.get("window")
        return self.shape() if window is None else f"{self.shape()}, window {window}"

    def others(self) -> dict[str, Any]:
        """Return the settings other than code size, depth and node counts."""
        plain = (
            "network.latent_dim",
            "network.widths",
            "network.filters",
            "network.hidden",
            "network.blocks",
            "network.residual_blocks",
        )
        return {
            key.removesuffix(".name").split(".")[-1]: v
            for key, v in self.settings.items()
            if key not in plain
        }


def read_trials(folder: Path) -> list[Trial]:
    """Return the trials of a search, in order.

    Args:
        folder: Folder with a folder for each trial.

    Raises:
        ValueError: If a file is damaged.
    """
    trials = []
    for path in folder.glob("trial_*/trial.json"):
        try:
            trials.append(_read_trial(path))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"Expected a trial of a search in {path.parent}, received something else ({error}); restore "
                "it, or choose another --out."
            ) from None
    return sorted(trials, key=lambda trial: trial.number)


def _read_trial(path: Path) -> Trial:
    stored = read_json(path)
    result_path = path.with_name("result.json")
    # The file is not looked for before: a network file system would remember that it does not exist.
    ended = stored["status"] in ("COMPLETED", "FAILED")
    result = read_json(result_path) if ended and result_path.is_file() else {}
    if stored["status"] == "COMPLETED" and not result:
        stored["status"] = "RUNNING"
    completed = stored["status"] == "COMPLETED"
    values = stored["hyperparameters"]["values"]
    reason = "" if completed or stored["status"] != "FAILED" else result.get("reason") or stored["message"]
    return Trial(
        int(stored["trial_id"]),
        stored["status"],
        {**values, "latent_dim": int(values["latent_dim"])},
        result.get("settings", {}),
        result.get("figures", {}) if completed else {},
        tuple(result.get("reductions", ())),
        result.get("seconds", 0.0),
        reason or "",
    )


def write_rows(folder: Path, rows: Mapping[str, RowSums]) -> None:
    """Write the contributions of the validation rows to the figures of a trial into its folder."""
    parts: dict[str, Any] = {}
    for key, one in rows.items():
        parts |= {f"{key}:totals": one.totals, f"{key}:counts": one.counts}
    write_arrays(folder / _ROWS, parts)


def read_rows(folder: Path, trial: Trial) -> dict[str, RowSums]:
    """Return the contributions that `write_rows` wrote for a trial; an empty dict if there are none.

    Args:
        folder: Folder with a folder for each trial.
        trial: Trial of the search.

    Raises:
        ValueError: If the file is damaged.
    """
    for path in folder.glob(f"trial_*/{_ROWS}"):
        if int(path.parent.name.removeprefix("trial_")) == trial.number:
            stored = read_arrays(path)
            keys = {name.rpartition(":")[0] for name in stored}
            if {*stored} != {f"{key}:{part}" for key in keys for part in ("totals", "counts")}:
                raise ValueError(f"Expected totals and counts in {path}, received {', '.join(stored)}.")
            return {key: RowSums(stored[f"{key}:totals"], stored[f"{key}:counts"]) for key in keys}
    return {}


def write_result(folder: Path, **result: Any) -> None:
    """Write the result of a trial into its folder."""
    write_json(folder / "result.json", result)
