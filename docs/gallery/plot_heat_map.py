"""
Where is the defect?
====================

A model that has seen only good pieces of a texture restores them. What it cannot restore is hot on a map.
"""

# %%
# The texture is made here: waves in two directions, and noise. A training sees 600 good pieces of 40 × 40
# pixels.
import matplotlib.pyplot as plt
import numpy as np

import kerasae
from kerasae.applications import AnomalyDetector
from kerasae.data import array_spec, make_data

rng = np.random.default_rng(0)


def weave(count):
    """Return good pieces, grey levels of 8 bits."""
    down, across = 2 * np.pi * np.mgrid[:40, :40] / 8
    phase = rng.uniform(0, 2 * np.pi, (2, count, 1, 1))
    threads = np.sin(down + phase[0]) + np.sin(across + phase[1])
    light = 120 + 35 * threads + rng.normal(0, 6, (count, 1, 1)) + rng.normal(0, 8, (count, 40, 40))
    return np.clip(light, 0, 255).astype("uint8")[..., None]


good = weave(600)
recipe = kerasae.Recipe.of(
    "denoising",
    latent_dim=8,
    model={"corruption": {"name": "occlusion", "before": {"name": "gaussian", "level": 0.05}}},
    network={"name": "spatial", "filters": [16, 32, 48], "residual_blocks": 0},
)
data = recipe.prepare(make_data("weave", array_spec(good), good, calibration=0.25))
model = recipe.build(data)
kerasae.train(model, data, steps=430, batch_size=16, learning_rate=5e-3, schedule="cosine")

# %%
# The score ``heat`` averages the whitened residual over windows of 7 × 7 pixels. The score of an image is
# its hottest place.
detector = AnomalyDetector(model, score="heat", false_alarms=0.01).fit(data)

odd = weave(4)
odd[1, 20:23, 6:32] //= 2  # a dark thread
odd[2, 12:24, 22:34] = odd[2, 15:27, 25:37]  # a displaced patch
odd[3, 30:36, 10:16] = np.minimum(odd[3, 30:36, 10:16].astype(int) + 70, 255)  # a bright spot
scores, flags = detector.score_samples(odd), detector.predict(odd)
heat = np.asarray(detector.detector_.maps(model.accounts(odd))["heat"])

figure, axes = plt.subplots(3, 4, figsize=(9, 6.8), layout="constrained")
restored = model.inverse_transform(model.transform(odd))
names = ["good", "dark thread", "displaced patch", "bright spot"]
for column, axis in enumerate(axes.T):
    axis[0].imshow(odd[column, ..., 0], cmap="gray", vmin=0, vmax=255)
    axis[1].imshow(restored[column, ..., 0], cmap="gray", vmin=0, vmax=255)
    picture = axis[2].imshow(heat[column] / detector.threshold_, cmap="inferno", vmin=0, vmax=3)
    verdict = "flagged" if flags[column] else "not flagged"
    axis[0].set_title(names[column])
    axis[2].set_xlabel(f"{scores[column] / detector.threshold_:.1f} × threshold\n{verdict}")
for axis in axes.flat:
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
for axis, name in zip(axes[:, 0], ["image", "restored", "heat"], strict=True):
    axis.set_ylabel(name)
figure.colorbar(picture, ax=axes[2], label="heat / threshold", extend="max")
plt.show()
