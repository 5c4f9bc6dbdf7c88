"""
A map of the digits in two numbers
==================================

A code of two numbers is a point on a map. The left side shows where the test digits lie, the right side what
the decoder draws at each place of the map.
"""

# %%
# A variational autoencoder keeps the codes near a standard normal distribution, so that the map has few
# empty regions. A small ``beta`` lets it use the map more freely.
import matplotlib.pyplot as plt
import numpy as np

import kerasae

recipe = kerasae.Recipe.of(
    "variational", latent_dim=2, model={"beta": 0.3}, network={"widths": [256, 64]}, train={"seed": 1}
)
data = recipe.load()
model = recipe.build(data)
kerasae.train(model, data, epochs=150, learning_rate=3e-3, seed=1)
codes = model.transform(data.test.examples)

# %%
# The places of the grid on the right are those of the left, so that both pictures can be compared.
ends = np.quantile(codes, [0.02, 0.98], axis=0)
inside = np.linspace(0.5, 13.5, 14) / 14  # the middle of each of 14 cells
across, up = (ends[0, k] + inside * (ends[1, k] - ends[0, k]) for k in (0, 1))
places = np.array([(x, y) for y in up[::-1] for x in across])
drawn = model.inverse_transform(places.astype("float32"))[..., 0]
padded = np.pad(drawn, ((0, 0), (1, 1), (1, 1)))
sheet = padded.reshape(14, 14, 10, 10).swapaxes(1, 2).reshape(140, 140)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 5.2), layout="constrained")
for digit in range(10):
    here = codes[data.test.labels == digit]
    for x, y in here:
        left.text(x, y, digit, color=f"C{digit}", weight="bold", ha="center", va="center", clip_on=True)
left.set(xlim=ends[:, 0], ylim=ends[:, 1], title="test digits at their codes")
extent = (*ends[:, 0], *ends[:, 1])
right.imshow(sheet, cmap="gray_r", extent=extent, aspect="auto")
right.set_title("what the decoder draws there")
for axis in (left, right):
    axis.set(xlabel="first number of the code", ylabel="second number of the code")
    axis.set_box_aspect(1)
plt.show()

# %%
# Neighbouring places give similar images. Where two kinds of digits meet, the decoder draws something
# between both.
