"""
A photograph without its noise
==============================

The network ``spatial`` is trained on small crops of one photograph, and then cleans another photograph as a
whole.
"""

# %%
# scikit-learn carries two photographs. 1,000 crops of 32 × 32 pixels of the temple are the training data.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images

import kerasae
from kerasae.applications import Denoising
from kerasae.data import array_spec, make_data

temple, flower = load_sample_images().images
rng = np.random.default_rng(0)
corners = rng.integers([0, 0], [temple.shape[0] - 32, temple.shape[1] - 32], (1000, 2))
crops = np.stack([temple[row : row + 32, column : column + 32] for row, column in corners])

# %%
# A square of 2 × 2 pixels has twelve values, and its code 24 numbers, so nothing need be compressed. With a
# linear path beside the convolutions (``shortcut``) the training begins with a model that returns its input,
# and only has to learn what to remove. ``--preset denoiser`` is the same idea, larger and trained longer.
recipe = kerasae.Recipe.of(
    "denoising",
    latent_dim=24,
    model={"level": 0.15, "code_initializer": "identity"},
    network={"name": "spatial", "filters": [32], "residual_blocks": 1, "shortcut": "cosines"},
)
data = recipe.prepare(make_data("crops", array_spec(crops), crops))
model = recipe.build(data)
kerasae.train(model, data, steps=250, batch_size=16, schedule="cosine", learning_rate=3e-3)

# %%
# The photograph of the flower was never seen in training. Its size is 427 × 640 pixels.
noisy = np.clip(flower + 0.15 * 255 * rng.normal(size=flower.shape), 0, 255).astype("uint8")
cleaned = Denoising(model).fit(data).transform(noisy[None])[0]


def psnr(image):
    """Return the peak signal-to-noise ratio in decibels."""
    return 10 * np.log10(255**2 / np.mean((image - flower.astype(float)) ** 2))


part = np.s_[60:260, 180:480]
figure, axes = plt.subplots(1, 3, figsize=(11, 2.9), layout="constrained")
titles = ["original", f"noisy, {psnr(noisy):.1f} dB", f"cleaned, {psnr(cleaned):.1f} dB"]
for axis, image, title in zip(axes, [flower, noisy, cleaned], titles, strict=True):
    axis.imshow(image[part])
    axis.set(xticks=[], yticks=[], title=title)
    axis.spines[:].set_visible(False)
plt.show()

# %%
# The figures are the peak signal-to-noise ratio of the whole photograph; the pictures show a part of it.
