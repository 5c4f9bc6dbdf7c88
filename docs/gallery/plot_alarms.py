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
# A window holds 40 readings of each channel. Neighbouring windows share readings, so the calibration part of
# a log is worth few independent windows. A larger share of it makes a low rate of false alarms credible.
recipe = kerasae.Recipe.of("denoising", latent_dim=8, network={"name": "dense", "widths": [64]})
data = recipe.prepare(from_frame(pump(6000, 1), time="time", window=40, calibration=0.3))
model = recipe.build(data)
kerasae.train(model, data, epochs=20, learning_rate=3e-3)
detector = AnomalyDetector(model, false_alarms=0.01).fit(data)

# %%
# ``test=1`` makes all windows of the second log the test split. A window's stamp is that of its last
# reading.
log = pump(900, 2)
log.loc[250:310, "pressure"] += 0.5
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
