"""
Noisy digits, from weak noise to strong
=======================================

A denoising autoencoder beside PCA: how much of the noise does each remove, at which strength?
"""

# %%
# The corruption ``multiscale_gaussian`` draws another strength for each training image, so that one model
# serves all strengths.
import matplotlib.pyplot as plt
import numpy as np

import kerasae
from kerasae.applications import Denoising

recipe = kerasae.Recipe.of(
    "denoising",
    latent_dim=16,
    model={"corruption": {"name": "multiscale_gaussian", "level": 0.6}},
    network={"widths": [256, 128]},
)
data = recipe.load()
model = recipe.build(data)
kerasae.train(model, data, epochs=150, learning_rate=3e-3)
cleaners = {"autoencoder": Denoising(model).fit(data), "PCA": Denoising(kerasae.PCA(16).fit(data)).fit(data)}

# %%
# Noise is added to raw images, whose grey levels go from 0 to 16.
rng = np.random.default_rng(0)
clean = data.test.examples.astype(float)
strengths = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
noisy = {
    s: np.clip(np.rint(clean + 16 * s * rng.normal(size=clean.shape)), 0, 16).astype("uint8")
    for s in strengths
}


def psnr(images):
    """Return the peak signal-to-noise ratio in decibels."""
    return 10 * np.log10(16**2 / np.mean((images - clean) ** 2))


figure = plt.figure(figsize=(10, 4.4), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1.1, 1])
axis = left.subplots()
axis.plot(strengths, [psnr(noisy[s]) for s in strengths], "^:", color="gray", label="noisy image")
for (name, cleaner), style, colour in zip(cleaners.items(), ["o-", "s--"], ["C0", "C5"], strict=True):
    axis.plot(
        strengths, [psnr(cleaner.transform(noisy[s])) for s in strengths], style, color=colour, label=name
    )
axis.set(
    xlabel="standard deviation of the noise (share of the grey range)", ylabel="PSNR (dB), higher is better"
)
axis.legend()

shown = {"clean": clean, "noisy, 0.4": noisy[0.4]}
shown |= {name: cleaner.transform(noisy[0.4]) for name, cleaner in cleaners.items()}
axes = right.subplots(4, 6)
for line, (name, images) in zip(axes, shown.items(), strict=True):
    for cell, image in zip(line, images[10:], strict=False):
        cell.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=16)
        cell.set(xticks=[], yticks=[])
        cell.spines[:].set_visible(False)
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

# %%
# With weak noise neither helps: a code of sixteen numbers loses more of the image than the noise does.
