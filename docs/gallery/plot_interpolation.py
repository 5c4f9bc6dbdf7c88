"""
Between two digits
==================

Half-way between two images lies a double exposure. Half-way between their codes lies an image that is nearer
to real digits.
"""

# %%
# A variational model fills the code without large gaps, so that the places between two digits have a
# meaning.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import NearestNeighbors

import kerasae
from kerasae.applications import Generation

recipe = kerasae.Recipe.of("variational", latent_dim=8, network={"widths": [256, 64]})
data = recipe.load()
model = recipe.build(data)
kerasae.train(model, data, epochs=80, learning_rate=3e-3)

# %%
# The application ``Generation`` walks through the code. ``interpolate`` takes two raw images and returns the
# images on the straight path between their codes.
generation = Generation(model).fit(data)
test, shares = data.test, np.linspace(0, 1, 9)
lines = {}
for first, second in [(0, 7), (4, 3)]:
    a = test.examples[test.labels == first][:1]
    b = test.examples[test.labels == second][:1]
    lines[f"pixels {first} → {second}"] = [(1 - share) * a[0] + share * b[0] for share in shares]
    lines[f"code {first} → {second}"] = generation.interpolate(a, b, steps=9)

# %%
# How far are such images from real ones? This is the distance to the nearest training image, for 359 pairs
# of test images, in both ways.
known = NearestNeighbors(n_neighbors=1).fit(data.train.examples.reshape(-1, 64).astype(float))
ends = test.examples.astype(float), test.examples[::-1].astype(float)
codes = [model.transform(images) for images in (test.examples, test.examples[::-1])]
distances = {"pixels": [], "code": []}
for share in shares:
    mixed = (1 - share) * ends[0] + share * ends[1]
    decoded = model.inverse_transform((1 - share) * codes[0] + share * codes[1])
    for name, images in {"pixels": mixed, "code": decoded}.items():
        distances[name].append(known.kneighbors(images.reshape(-1, 64))[0].mean())

figure = plt.figure(figsize=(9, 7.2), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=[1.5, 1])
axes = top.subplots(4, 9)
for line, (name, images) in zip(axes, lines.items(), strict=True):
    for axis, image in zip(line, images, strict=True):
        axis.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=16)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
axis = bottom.subplots()
axis.plot(shares, distances["pixels"], "s--", color="C5", label="mean of the pixels")
axis.plot(shares, distances["code"], "o-", color="C0", label="decoded mean of the codes")
axis.set(
    xlabel="share of the second image", ylabel="distance to the nearest\nreal image (grey levels)", ylim=0
)
axis.xaxis.set_major_formatter("{x:.0%}")
axis.legend(loc="lower center", ncols=2)
plt.show()

# %%
# The ends of a path through the code are the reconstructions of the two images, not the images themselves.
# ``Generation(model, path="spherical")`` walks around the origin of the code instead.
