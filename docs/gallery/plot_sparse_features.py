"""
What the units of a sparse code draw
====================================

Trained on small pieces of photographs, the units of a sparse code become edges and lines. Four ways to make
a code sparse: an L1 penalty, a KL penalty, the k largest units of an example, and lifetime sparsity.
"""

# %%
# 12,000 pieces of 10 × 10 pixels of two photographs at half their size. Whitening gives all spatial
# frequencies up to a limit the same power, as in Olshausen and Field 1996, *Nature*.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.decomposition import PCA

import kerasae
from kerasae.data import array_spec, make_data

rng = np.random.default_rng(0)
photographs = np.stack(load_sample_images().images)[:, :426].mean(axis=-1)
halves = photographs.reshape(2, 213, 2, 320, 2).mean(axis=(2, 4))
corners = rng.integers([0, 0, 0], [2, 203, 310], (12000, 3))
pieces = np.stack([halves[n, r : r + 10, c : c + 10].ravel() for n, r, c in corners])
pieces = pieces - pieces.mean(axis=1, keepdims=True)
pca = PCA(30, whiten=True, random_state=0).fit(pieces)
white = (pca.transform(pieces) @ pca.components_ / 8).astype("float32")

# %%
# A decoder without hidden layers is one kernel, whose row j is what unit j adds to an image. Lifetime
# sparsity acts in training only. A validation without it would choose a wrong epoch, so no rows are held
# out.
ways = {
    "L1 penalty": {"penalty": "l1", "weight": 0.05, "code_activation": "relu"},
    "KL penalty": {"penalty": "kl", "rho": 0.05, "weight": 0.003},
    "top 5 of each example": {"k": 5, "code_activation": "relu"},
    "lifetime of 5 %": {"lifetime": 0.05},
}
raw = make_data("pieces", array_spec(white), white)
kernels, active = {}, {}
for name, settings in ways.items():
    recipe = kerasae.Recipe.of(
        "sparse", latent_dim=49, network={"depth": 0}, model=settings, preprocessing={"name": "identity"}
    )
    data = recipe.prepare(raw)
    model = recipe.build(data)
    kerasae.train(model, data, epochs=25, learning_rate=3e-3, hold_out=False)
    dense = [layer for layer in model.decoder.layers if hasattr(layer, "kernel")]
    kernels[name] = np.asarray(dense[-1].kernel)
    codes = -np.sort(-np.abs(model.transform(data.test.examples)))
    shares = np.cumsum(codes, axis=1) / np.maximum(codes.sum(axis=1, keepdims=True), 1e-9)
    active[name] = (shares < 0.9).sum(axis=1).mean() + 1

# %%
# The units that draw most strongly come first. Orange is darker, violet is brighter; each unit has its own
# scale.
figure, axes = plt.subplots(2, 2, figsize=(8.4, 8.8), layout="constrained")
for axis, (name, kernel) in zip(axes.flat, kernels.items(), strict=True):
    order = np.argsort(-np.linalg.norm(kernel, axis=1))
    features = kernel[order].reshape(-1, 10, 10)
    features = features / np.maximum(np.abs(features).max(axis=(1, 2), keepdims=True), 1e-6)
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1)))
    axis.imshow(padded.reshape(7, 7, 12, 12).swapaxes(1, 2).reshape(84, 84), cmap="PuOr", vmin=-1, vmax=1)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    axis.set_title(f"{name}\n{active[name]:.0f} of 49 units hold 90 % of a code", fontsize=11)
plt.show()

# %%
# The KL penalty needs a code in [0, 1], so its units are sigmoids. Every unit then adds a little to every
# image, and in a training as short as this one no edges appear.
