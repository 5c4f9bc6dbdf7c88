"""
The nearest neighbours of an image
==================================

``Retrieval`` indexes the codes of the training rows and finds those that are nearest to a new image.
"""

# %%
# A denoising model with a code of eight numbers.
import matplotlib.pyplot as plt
import numpy as np

import kerasae
from kerasae.applications import Retrieval

recipe = kerasae.Recipe.of("denoising", latent_dim=8, model={"level": 0.2}, network={"widths": [256, 64]})
data = recipe.load()
model = recipe.build(data)
kerasae.train(model, data, epochs=80, learning_rate=3e-3)

# %%
# ``kneighbors`` returns distances and row numbers. Validation rows follow the training rows in the index.
retrieval = Retrieval(model).fit(data)
indexed = data.train.joined(data.validation)
queries, labels = data.test.examples, data.test.labels
distances, rows = retrieval.kneighbors(queries, k=8)
right = indexed.labels[rows] == labels[:, None]

# %%
# With ``binary`` a code becomes a few bits, and the index is 32 times smaller than one of float32 numbers.
_, rows_of_bits = Retrieval(model, binary=True).fit(data).kneighbors(queries, k=8)
right_of_bits = indexed.labels[rows_of_bits] == labels[:, None]
print(f"neighbours with the same label: {right.mean():.3f} by code, {right_of_bits.mean():.3f} by 8 bits")

# %%
# One query of each digit. A crossed-out neighbour has another label than its query.
figure, axes = plt.subplots(10, 9, figsize=(7.5, 8.4), layout="constrained")
for digit, line in enumerate(axes):
    number = np.flatnonzero(labels == digit)[1]
    images = [queries[number], *indexed.examples[rows[number]]]
    for place, (axis, image) in enumerate(zip(line, images, strict=True)):
        axis.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=16)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(place == 0)
        if place and not right[number, place - 1]:
            axis.plot([0, 7], [0, 7], color="C1", linewidth=3)
for place, axis in enumerate(axes[0]):
    axis.set_title("query" if place == 0 else f"{place}.", fontsize=10)
figure.suptitle(f"{right.mean():.0%} of the eight nearest neighbours have the label of the query")
plt.show()
