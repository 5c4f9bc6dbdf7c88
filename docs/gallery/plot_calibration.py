"""
False alarms, promised and seen
===============================

A conformal threshold promises a rate of false alarms. How close does the rate on new normal rows come, with
100 or with 1,000 calibration rows?
"""

# %%
# The rows are made here: a curved surface in ten dimensions, with noise. So there are as many new ones as
# wanted.
import matplotlib.pyplot as plt
import numpy as np

import kerasae
from kerasae.applications import AnomalyDetector
from kerasae.data import array_spec, make_data
from kerasae.thresholds import ConformalThreshold

rng = np.random.default_rng(0)
bend = rng.normal(size=(6, 10))


def normal(count):
    """Return normal rows, `(count, 10)`."""
    t = rng.normal(size=(count, 2))
    waves = np.hstack([t, np.sin(2 * t), np.cos(2 * t)])
    return (waves @ bend + 0.2 * rng.standard_t(4, (count, 10))).astype("float32")


recipe = kerasae.Recipe.of("denoising", latent_dim=8, network={"widths": [64, 64]})
rows = normal(3000)
data = recipe.prepare(make_data("curve", array_spec(rows), rows))
model = recipe.build(data)
kerasae.train(model, data, epochs=20, learning_rate=3e-3)
detector = AnomalyDetector(model, score="whitened").fit(data)

# %%
# The scores of many new normal rows. Each of 300 repetitions draws its own calibration rows from them and
# counts the alarms among the others.
scores = np.sort(detector.score_samples(normal(40000)))
rates = np.array([0.01, 0.02, 0.05, 0.1, 0.2])
seen = {}
for count in (100, 1000):
    shares = np.empty((300, len(rates)))
    for repetition in range(300):
        calibration = rng.choice(scores, count, replace=False)
        for column, rate in enumerate(rates):
            threshold = ConformalThreshold(false_alarms=rate).fit(calibration).threshold_
            alarms = (scores > threshold).sum() - (calibration > threshold).sum()
            shares[repetition, column] = alarms / (len(scores) - count)
    seen[count] = shares

# %%
# The promise is about the mean. A single calibration may have more false alarms or fewer; more calibration
# rows narrow the range.
figure, axes = plt.subplots(1, 2, figsize=(9, 4.4), sharey=True, layout="constrained")
for axis, (count, shares) in zip(axes, seen.items(), strict=True):
    low, high = np.quantile(shares, [0.05, 0.95], axis=0)
    axis.plot([0.005, 0.4], [0.005, 0.4], color="gray", linewidth=1, linestyle="--")
    axis.fill_between(rates, low, high, color="C0", alpha=0.2, label="90 % of the calibrations")
    axis.plot(rates, shares.mean(axis=0), "o-", color="C0", label="mean")
    axis.set(xscale="log", yscale="log", xlim=(0.008, 0.25), ylim=(0.001, 0.4))
    axis.set(xlabel="false alarms promised", title=f"{count:,} calibration rows")
    axis.set_xticks(rates, [f"{rate:.0%}" for rate in rates])
    axis.set_yticks([0.001, 0.01, 0.1], ["0.1%", "1%", "10%"])
    axis.minorticks_off()
axes[0].set_ylabel("false alarms seen on new normal rows")
axes[0].legend(loc="lower right")
plt.show()
