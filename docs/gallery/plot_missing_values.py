"""
Filling missing values
======================

A variational model fills the missing cells of a table. How far is it from the truth, beside the mean and the
nearest neighbours?
"""

# %%
# ``breast_cancer`` has 569 rows of 30 numbers that depend on each other. Half of all cells are hidden at
# random, also from the training: no row is complete.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.impute import KNNImputer, SimpleImputer

import kerasae
from kerasae.applications import Imputer
from kerasae.data.tables import from_frame

rng = np.random.default_rng(0)
truth = load_breast_cancer(as_frame=True).data
truth = (truth - truth.mean()) / truth.std()
gaps = truth.mask(rng.random(truth.shape) < 0.5)

# %%
# The loss leaves out missing cells, and the model knows which they are.
recipe = kerasae.Recipe.of(
    "variational",
    latent_dim=10,
    network={"widths": [128, 128], "activation": "tanh"},
    model={"importance_samples": 5},
)
data = recipe.prepare(from_frame(gaps, test=0.3))
model = recipe.build(data)
kerasae.train(model, data, epochs=200, batch_size=64)
imputer = Imputer(model).fit(data)

# %%
# All ways learn from the same rows with gaps. They fill the gaps of test rows, of which more and more cells
# are hidden.
seen = data.train.joined(data.validation).examples
ways = {"mean of the column": SimpleImputer(), "10 nearest neighbours": KNNImputer(n_neighbors=10)}
ways = {name: way.set_output(transform="pandas").fit(seen) for name, way in ways.items()}
ways["variational autoencoder"] = imputer
rows = truth.loc[data.test.examples.index]
shares = [0.1, 0.3, 0.5, 0.7]
errors = {name: [] for name in ways}
for share in shares:
    hidden = rng.random(rows.shape) < share
    for name, way in ways.items():
        filled = way.transform(rows.mask(hidden))
        errors[name].append(np.sqrt(np.mean((filled - rows).to_numpy()[hidden] ** 2)))

figure, axis = plt.subplots(figsize=(7, 4.4), layout="constrained")
looks = [("^:", "gray"), ("s--", "C5"), ("o-", "C0")]
for (name, values), (style, colour) in zip(errors.items(), looks, strict=True):
    axis.plot(shares, values, style, color=colour, label=name)
axis.set(xlabel="share of the cells of a row that are hidden", ylim=0, xticks=shares)
axis.set_ylabel("root mean squared error on hidden cells\n(standard deviations of the column)")
axis.xaxis.set_major_formatter("{x:.0%}")
figure.legend(loc="outside upper center", ncols=3, fontsize=10)
plt.show()

# %%
# ``Imputer`` also gives intervals (``intervals``) and several imputations (``draw``), whose spread is their
# uncertainty.
