"""The library in C of a detector of `--preset microcontroller_detector` fits on a microcontroller."""

import numpy as np
import pandas as pd
import pytest
from c_libraries import make, needs_arm
from kerasae.export import C99

from kerasae.runs import run_recipe
from kerasae.workflows import apply, make_recipe


def ten_columns():
    """Ten columns of four factors with noise: numbers, categories, a boolean and a date."""
    rng = np.random.default_rng(0)
    values = 20 + 5 * (rng.normal(size=(2000, 4)) @ rng.normal(size=(4, 10)) + rng.normal(size=(2000, 10)))
    frame = pd.DataFrame(values.round(2), columns=[f"c{number}" for number in range(10)])
    frame["c6"] = np.where(values[:, 6] > 20, "on", "idle")
    frame["c7"] = rng.choice(["drill", "face", "lathe", "mill", "slot"], len(frame))
    frame["c8"] = values[:, 8] > 22
    seconds = pd.to_timedelta(rng.integers(0, 10**7, len(frame)), unit="s")
    frame["c9"] = pd.Timestamp("2024-01-01") + seconds
    return frame


@pytest.mark.slow
@needs_arm
def test_ten_columns_take_at_most_64_kb_of_flash_and_16_kb_of_ram(tmp_path):
    ten_columns().to_csv(tmp_path / "rows.csv", index=False)
    source = str(tmp_path / "rows.csv")
    recipe = make_recipe(source, {"train.steps": 1000}, preset="microcontroller_detector")
    run = run_recipe(recipe, tmp_path / "run")
    apply("anomaly", run, tmp_path / "odd", baselines=False)
    artifact = C99().write(run, tmp_path / "rows_c")
    for sizes in artifact.facts["measured"].values():
        assert sizes["flash"] <= 64 * 1024
        assert sizes["ram"] + sizes["stack"] <= 16 * 1024
    assert "0 differences" in make(artifact, "test")
    # `make size` links the same program.
    flash = artifact.facts["measured"]["cortex-m4"]["flash"]
    assert abs(int(make(artifact, "size").split()[6]) - flash) < 2048
