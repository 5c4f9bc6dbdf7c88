"""
Which units of a variational code are used?
===========================================

A larger ``beta`` makes each unit of the code more expensive. Units that do not earn their price collapse to
the prior and carry nothing.
"""

# %%
# One model for each ``beta``, with sixteen units. ``active_units`` counts the units whose posterior mean has
# a variance above a threshold over the images (Burda et al. 2016). Its default is 0.01, which suits a full
# training. In a short one, units that carry nothing are still on their way to 0, so the threshold is 0.1
# here.
import matplotlib.pyplot as plt
import numpy as np

import kerasae

betas = [0.1, 0.4, 1.5, 5]
data = kerasae.Recipe.of().load()
images = data.test.examples
variances, active, errors = [], [], []
for beta in betas:
    recipe = kerasae.Recipe.of(
        "variational", latent_dim=16, model={"beta": beta}, network={"widths": [256, 64]}
    )
    model = recipe.build(data)
    kerasae.train(model, data, epochs=35, learning_rate=5e-3)
    variances.append(np.sort(model.transform(images).var(axis=0))[::-1])
    active.append(model.active_units(images, threshold=0.1))
    errors.append(kerasae.evaluate(model, data)["error"])

# %%
# The prior has variance 1, so the mean of a unit that is fully used has a variance near 1. The scale of
# colours is logarithmic.
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), width_ratios=[1.25, 1], layout="constrained")
picture = left.imshow(variances, cmap="cividis", norm="log", vmin=1e-4, vmax=1, aspect="auto")
for row, count in enumerate(active):
    left.plot([count - 0.5] * 2, [row - 0.5, row + 0.5], color="white", linewidth=3)
left.set(xlabel="unit of the code, sorted", ylabel="beta", yticks=range(len(betas)), yticklabels=betas)
left.set(xticks=[0, 3, 7, 11, 15], xticklabels=[1, 4, 8, 12, 16])
left.set_title("white line: units to its left are active")
figure.colorbar(picture, ax=left, label="variance of the posterior mean")

right.plot(betas, errors, "o-", color="C0")
for beta, count, error in zip(betas, active, errors, strict=True):
    right.annotate(f"{count} active", (beta, error), (-6, 8), textcoords="offset points", ha="center")
right.set(xscale="log", xlabel="beta", ylabel="test error (mean squared error per pixel)")
right.set(xlim=(0.06, 9), ylim=(0, 1.15 * max(errors)))
right.set_xticks(betas, [f"{beta:g}" for beta in betas])
right.minorticks_off()
right.set_title("fewer units, larger error")
plt.show()

# %%
# With the largest ``beta`` of the figure all units collapse, and every reconstruction is the mean image.
# ``kerasae evaluate`` warns if more than half of the units are unused on held-out rows.
