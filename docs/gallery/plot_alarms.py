"""
Alarms in a log of sensors
==========================

A detector reads the log of a pump, gives each time stamp a score, and raises an alarm where the score is
above the threshold.
"""

# %%
# The log has three channels that depend on each other, and a reading each second. In the second log two
# things go wrong.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import kerasae
from kerasae.applications import AnomalyDetector
from kerasae.data.series import from_frame
from kerasae.presets import settings


def pump(rows, seed):
    """Return a log of normal readings."""
    rng = np.random.default_rng(seed)
    turn, slow = 2 * np.pi * np.arange(rows) / 40, 2 * np.pi * np.arange(rows) / 240
    load = 1 + 0.2 * np.sin(slow)
    flow = 12 * load + np.sin(turn) + 0.1 * rng.normal(size=rows)
    pressure = 3 * load + 0.3 * np.cos(turn) + 0.03 * rng.normal(size=rows)
    current = 0.4 * flow * pressure / 12 + 0.02 * rng.normal(size=rows)
    time = pd.date_range("2026-03-09 08:00", periods=rows, freq="s")
    return pd.DataFrame({"time": time, "flow": flow, "pressure": pressure, "current": current})


# %%
# For logs the preset ``detector`` is a linear model whose weights are computed without a gradient. The score
# is fitted across ten folds of the log, so that all rows may train.
raw = from_frame(pump(3000, 1), time="time", window=40)
recipe = kerasae.Recipe.of().override(settings("detector", raw.spec))
data = recipe.as_trained(recipe.prepare(raw))
model = recipe.build(data)
kerasae.train(model, data, **recipe.train)
detector = AnomalyDetector(model, **recipe.apply["anomaly"]).fit(data)

# %%
# ``test=1`` makes all windows of the second log the test split. A window's stamp is that of its last reading.
log = pump(900, 2)
log.loc[250:310, "pressure"] += 0.35
log.loc[600:680, "flow"] = log.loc[600, "flow"]
windows = from_frame(log, time="time", window=40, test=1.0).test
scores = detector.score_samples(windows.examples)
minutes = np.arange(39, 900) / 60
alarms = scores > detector.threshold_

figure, axes = plt.subplots(4, 1, figsize=(9, 6.6), sharex=True, layout="constrained")
for axis, (name, unit) in zip(axes, [("flow", "l/min"), ("pressure", "bar"), ("current", "A")], strict=False):
    axis.plot(np.arange(900) / 60, log[name], color="C0", linewidth=1)
    axis.set_ylabel(f"{name}\n({unit})")
axes[3].plot(minutes, scores, color="black", linewidth=1.2)
axes[3].axhline(detector.threshold_, color="gray", linestyle="--", linewidth=1)
axes[3].text(0.1, detector.threshold_, "threshold", va="bottom", color="dimgray", fontsize=10)
axes[3].set(ylabel="score", xlabel="time (minutes)", yscale="log", xlim=(0, 15))
for axis in axes:
    axis.fill_between(
        minutes, 0, 1, where=alarms, transform=axis.get_xaxis_transform(), color="C1", alpha=0.35
    )
axes[0].set_title("shaded: alarm. Pressure too high from 4:10, flow stuck from 10:00", loc="left")
figure.align_ylabels(axes)
plt.show()

# %%
# An alarm outlasts its cause by up to a window of 40 seconds, because the window still holds odd readings.
