"""
How many numbers does a code need?
==================================

The images here have three degrees of freedom. The error of an autoencoder stops falling at a code of three
numbers, while PCA needs many more.
"""

# %%
# Each image shows one bright spot with a random place (two numbers) and a random size (one number), and a
# little noise.
import matplotlib.pyplot as plt
import numpy as np

import kerasae
from kerasae.data import array_spec, make_data

rng = np.random.default_rng(0)
rows, columns, width = rng.uniform(3, 12, 2000), rng.uniform(3, 12, 2000), rng.uniform(1.0, 3.0, 2000)
grid = np.arange(16)
spots = np.exp(-((grid - rows[:, None]) ** 2) / (2 * width[:, None] ** 2))[:, :, None]
spots = spots * np.exp(-((grid - columns[:, None]) ** 2) / (2 * width[:, None] ** 2))[:, None, :]
images = np.clip(230 * spots + rng.normal(0, 8, spots.shape), 0, 255).astype("uint8")[..., None]
noise = np.sqrt(np.mean((images[..., 0] - 230 * spots) ** 2))

raw = make_data("spots", array_spec(images), images)

# %%
# ``make_data`` drew the four splits. A recipe prepares data from memory with ``prepare``.
sizes = [1, 2, 3, 4, 6]
errors = {"autoencoder": [], "PCA": []}
for size in sizes:
    recipe = kerasae.Recipe.of("undercomplete", latent_dim=size, network={"widths": [128, 64]})
    data = recipe.prepare(raw)
    model = recipe.build(data)
    kerasae.train(model, data, epochs=25, learning_rate=5e-3)
    errors["autoencoder"].append(kerasae.evaluate(model, data)["error"])
    errors["PCA"].append(kerasae.evaluate(kerasae.PCA(size).fit(data), data)["error"])

# %%
# The error in grey levels is the root of the mean squared error, times 255.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), width_ratios=[1, 2], layout="constrained")
left.imshow(np.block([[images[3 * i + j, :, :, 0] for j in range(3)] for i in range(4)]), cmap="gray")
left.set(xticks=np.arange(0, 48, 16) - 0.5, yticks=np.arange(0, 64, 16) - 0.5)
left.grid(color="white", linewidth=1)
left.tick_params(labelbottom=False, labelleft=False, length=0)
left.set_title("twelve of 2,000 images")
for (name, values), style in zip(errors.items(), ["o-", "s--"], strict=True):
    right.plot(sizes, 255 * np.sqrt(values), style, color="C0" if style == "o-" else "C5", label=name)
right.axhline(noise, color="gray", linewidth=1, linestyle=":")
right.text(6, noise - 0.4, "noise in the images", ha="right", va="top", color="dimgray")
right.axvline(3, color="gray", linewidth=1, linestyle=":")
right.set(
    xticks=range(1, 7),
    xlabel="numbers in the code",
    ylabel="root mean squared test error\n(grey levels of 255)",
    ylim=0,
)
right.set_title("The curve bends at three numbers")
right.legend()
plt.show()

# %%
# No code can hold the noise, so no error falls far below the dotted line. ``kerasae tune`` names the bend of
# this curve for your own data.
