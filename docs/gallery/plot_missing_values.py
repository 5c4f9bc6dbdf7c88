"""
Filling missing values
======================

An autoencoder that knows gaps from its training fills the missing cells of a table. How far is it from the
truth, beside the mean and the nearest neighbours?
"""

# %%
# ``breast_cancer`` has 569 rows of 30 numbers that depend on each other. Cells are hidden at random, for
# every share from 10 % to 70 %.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.impute import KNNImputer, SimpleImputer

import kerasae
from kerasae.applications import Imputer
from kerasae.data.tables import from_frame

frame = load_breast_cancer(as_frame=True).data
scale = frame.std()

# %%
# Masking noise teaches a denoising model to predict cells from others.
recipe = kerasae.Recipe.of(
    "denoising",
    latent_dim=64,
    model={"corruption": {"name": "masking", "level": 0.5}},
    network={"widths": [256, 256]},
)
data = recipe.prepare(from_frame(frame, test=0.3))
model = recipe.build(data)
kerasae.train(model, data, steps=800, batch_size=128, learning_rate=2e-3, schedule="cosine")
imputer = Imputer(model).fit(data)

# %%
# All ways fill the same test rows, and learn from the same rows.
seen = data.train.joined(data.validation).examples
truth = data.test.examples
ways = {"mean of the column": SimpleImputer(), "5 nearest neighbours": KNNImputer(n_neighbors=5)}
ways = {name: way.set_output(transform="pandas").fit(seen / scale) for name, way in ways.items()}
shares = [0.1, 0.3, 0.5, 0.7]
errors = {name: [] for name in [*ways, "denoising autoencoder"]}
rng = np.random.default_rng(0)
for share in shares:
    hidden = rng.random(truth.shape) < share
    gaps = truth.mask(hidden)
    filled = {name: way.transform(gaps / scale) * scale for name, way in ways.items()}
    filled["denoising autoencoder"] = imputer.transform(gaps)
    for name, table in filled.items():
        errors[name].append(np.sqrt(np.mean((((table - truth) / scale).to_numpy()[hidden]) ** 2)))

figure, axis = plt.subplots(figsize=(7, 4.4), layout="constrained")
for (name, values), style, colour in zip(
    errors.items(), ["^:", "s--", "o-"], ["gray", "C5", "C0"], strict=True
):
    axis.plot(shares, values, style, color=colour)
    axis.text(0.715, values[-1], name, color=colour if colour != "gray" else "dimgray", va="center")
axis.set(xlabel="share of the cells that are hidden", xlim=(0.05, 1.0), ylim=0, xticks=shares)
axis.set_ylabel("root mean squared error on hidden cells\n(standard deviations of the column)")
axis.xaxis.set_major_formatter("{x:.0%}")
plt.show()

# %%
# ``Imputer`` also gives intervals (``intervals``) and several imputations (``draw``), whose spread is their
# uncertainty. ``--preset imputer`` trains a larger model, longer.
