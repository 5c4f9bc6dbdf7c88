"""
Odd rows of a table, and why they are odd
=========================================

A detector gives each row of a table a score and names the columns that add most to it.
"""

# %%
# The table holds readings of milling machines: numbers that depend on each other, and a category. Three rows
# of a second table are spoiled by hand.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import kerasae
from kerasae.applications import AnomalyDetector
from kerasae.data.tables import from_frame


def machines(count, seed):
    """Return rows of normal machines."""
    rng = np.random.default_rng(seed)
    tool = rng.choice(["drill", "face", "slot"], count)
    load = rng.uniform(0.3, 1.0, count)
    torque = pd.Series(tool).map({"drill": 20.0, "face": 35.0, "slot": 50.0}) * load + rng.normal(0, 1, count)
    speed = 3000 - 20 * torque + rng.normal(0, 30, count)
    columns = {"torque (Nm)": torque, "speed (rpm)": speed, "power (kW)": torque * speed / 9549}
    columns |= {"bearing (°C)": 35 + 30 * load + rng.normal(0, 1, count), "tool": tool}
    columns |= {"coolant (l/min)": 2 + 4 * load + rng.normal(0, 0.15, count)}
    return pd.DataFrame(columns).round(2)


recipe = kerasae.Recipe.of(
    "denoising",
    latent_dim=32,
    model={"corruption": {"name": "masking", "level": 0.2, "before": "swap"}},
    network={"widths": [128, 128], "activation": "tanh"},
)
data = recipe.prepare(from_frame(machines(3000, 0)))
model = recipe.build(data)
kerasae.train(model, data, steps=800, batch_size=256, learning_rate=3e-3, schedule="cosine")
detector = AnomalyDetector(model, false_alarms=0.01).fit(data)

# %%
# ``reasons`` returns a line for each reason: the value, the value that the model expects there from the rest
# of the row, and the share of the score.
new = machines(200, 1)
new.loc[3, "torque (Nm)"] += 12.0
new.loc[17, "bearing (°C)"] = 36.0
new.loc[42, "coolant (l/min)"] = 0.5
flagged = np.flatnonzero(detector.predict(new))
p_values = detector.p_values(new)
reasons = detector.reasons(new)
print("flagged rows:", flagged)

# %%
# Of 197 normal rows, about two are flagged, too: the rate of false alarms is 1 %.
figure, axes = plt.subplots(3, 1, figsize=(9, 5.6), sharex=True, layout="constrained")
for axis, row in zip(axes, [3, 17, 42], strict=True):
    lines = reasons[reasons["row"] == row].sort_values("share")
    shares = lines["share"].astype(float)
    axis.barh(lines["reason"], shares, color=["lightgray"] * (len(lines) - 1) + ["C0"])
    for place, line in enumerate(lines.itertuples()):
        text = f"{line.value}"
        if isinstance(line.expected, float | int):
            text = f"{line.value:.4g}, expected {line.expected:.4g} ± {line.spread:.2g}"
        inside = line.share > 0.6
        axis.text(
            line.share + (-0.01 if inside else 0.01),
            place,
            text,
            va="center",
            ha="right" if inside else "left",
            color="white" if inside else "black",
            fontsize=10,
        )
    axis.set_title(f"row {row}, p-value {p_values[row]:.4f}", loc="left", fontsize=11)
axes[-1].set(xlabel="share of the score", xlim=(0, 1))
axes[-1].xaxis.set_major_formatter("{x:.0%}")
plt.show()
