"""
New digits: prior or mixture?
=============================

A variational model draws codes from its prior. Any codec can draw them from a mixture of Gaussians that was
fitted on its codes. The energy distance says which samples are nearer to real images.
"""

# %%
# Two models with the same network, and three ways to draw a code.
import matplotlib.pyplot as plt
import numpy as np

import kerasae
from kerasae.applications import Generation

data = kerasae.Recipe.of().load()
models = {}
for family in ["variational", "undercomplete"]:
    recipe = kerasae.Recipe.of(family, latent_dim=8, network={"widths": [256, 64]})
    models[family] = recipe.build(data)
    kerasae.train(models[family], data, epochs=60, learning_rate=3e-3)

# %%
# ``method="auto"``, the default, measures both distributions on the validation rows and takes the nearer
# one. ``model.sample`` draws from the prior without an application.
auto = Generation(models["variational"], components=8).fit(data)
print("energy distance from validation rows:", auto.distances_)
print("taken:", auto.drawn_from())

blocks = {"variational,\nprior": models["variational"].sample(40, seed=0)}
for family, model in models.items():
    mixture = Generation(model, method="mixture", components=8).fit(data)
    blocks[f"{family},\nmixture"] = mixture.sample(40, seed=0)
blocks["real images\n"] = data.test.examples[:40]

# %%
# Nothing was selected: these are the first forty draws of each.
figure, axes = plt.subplots(1, 4, figsize=(10, 4.5), layout="constrained")
for axis, (name, images) in zip(axes, blocks.items(), strict=True):
    padded = np.pad(images[..., 0].astype(float), ((0, 0), (1, 1), (1, 1)))
    sheet = padded.reshape(8, 5, 10, 10).swapaxes(1, 2).reshape(80, 50)
    axis.imshow(sheet, cmap="gray_r", vmin=0, vmax=16)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    axis.set_title(name)
plt.show()

# %%
# Draws of the prior also fall between the regions that real digits use, so that some of them are no digits.
# The mixture stays nearer to the codes of real images, and gives an undercomplete model samples, too.
