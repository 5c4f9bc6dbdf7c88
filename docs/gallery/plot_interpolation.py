"""
Between two digits
==================

Half-way between two images lies a double exposure. Half-way between their codes lies an image that looks
like a digit.
"""

# %%
# The application ``Generation`` walks through the code. ``interpolate`` takes two raw images and returns the
# images on the straight path between their codes.
import matplotlib.pyplot as plt
import numpy as np

import kerasae
from kerasae.applications import Generation

recipe = kerasae.Recipe.of("variational", latent_dim=8, network={"widths": [256, 64]})
data = recipe.load()
model = recipe.build(data)
kerasae.train(model, data, epochs=100, learning_rate=3e-3)
generation = Generation(model).fit(data)

# %%
# The rows of pixels are the mean of the two images, weighted by the place on the path.
steps = 9
test = data.test
pairs = [(6, 4), (1, 8), (9, 3)]
lines, names = [], []
for first, second in pairs:
    a = test.examples[test.labels == first][:1]
    b = test.examples[test.labels == second][:1]
    share = np.linspace(0, 1, steps)[:, None, None, None]
    lines += [(1 - share) * a + share * b, generation.interpolate(a, b, steps)]
    names += ["pixels", "code"]

figure, axes = plt.subplots(len(lines), steps, figsize=(9, 6.6), layout="constrained")
for line, images, name in zip(axes, lines, names, strict=True):
    for axis, image in zip(line, images, strict=True):
        axis.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=16)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
for axis, share in zip(axes[0], np.linspace(0, 1, steps), strict=True):
    axis.set_title(f"{share:.0%}", fontsize=10)
figure.supxlabel("share of the second digit on the path", fontsize=11)
plt.show()

# %%
# The ends of a path through the code are the reconstructions of the two images, not the images themselves.
# ``Generation(model, path="spherical")`` walks around the origin of the code instead.
