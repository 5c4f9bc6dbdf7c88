"""
Clusters in the code, and on its manifold
=========================================

Groups that are long or bent in the code are torn apart by k-means. On the manifold, a UMAP embedding of the
code, they are compact.
"""

# %%
# The labels of the digits are not used by the training, nor by the clustering. They only judge the clusters.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix

import kerasae
from kerasae.applications import Clustering

recipe = kerasae.Recipe.of("undercomplete", latent_dim=10, network={"widths": [256, 64]})
data = recipe.load()
model = recipe.build(data)
kerasae.train(model, data, epochs=40, learning_rate=3e-3)

# %%
# ``manifold`` is the number of dimensions of the embedding in which clusters are sought. It needs the
# package umap-learn.
images, labels = data.test.examples, data.test.labels
plain = Clustering(model, clusters=10).fit(data)
bent = Clustering(model, clusters=10, manifold=2).fit(data)
found = {"k-means in the code": plain.predict(images), "k-means on the manifold": bent.predict(images)}

# %%
# Left: the test digits on the manifold, with a colour for each cluster and a numeral in the middle of each
# kind of digit. Right: how many test images of each digit are in each cluster.
places = bent.codec_.transform(images)
figure, axes = plt.subplots(1, 3, figsize=(12, 4.4), layout="constrained")
axes[0].scatter(*places.T, c=[f"C{cluster}" for cluster in found["k-means on the manifold"]], s=14)
for digit in range(10):
    middle = np.median(places[labels == digit], axis=0)
    axes[0].text(*middle, digit, size=16, weight="bold", ha="center", va="center")
axes[0].set(xticks=[], yticks=[], title="clusters on the manifold")
axes[0].set(xlabel="first dimension of the manifold", ylabel="second dimension of the manifold")
for axis, (name, clusters) in zip(axes[1:], found.items(), strict=True):
    table = contingency_matrix(labels, clusters)
    table = table[:, np.argsort(table.argmax(axis=0), kind="stable")]
    axis.imshow(table, cmap="Blues", vmin=0, vmax=45)
    for (row, column), count in np.ndenumerate(table):
        if count:
            colour = "white" if count > 25 else "black"
            axis.text(column, row, count, color=colour, size=9, ha="center", va="center")
    axis.set(xticks=[], yticks=range(10), xlabel="clusters", ylabel="digit")
    axis.set_title(f"{name}\nadjusted Rand index {adjusted_rand_score(labels, clusters):.2f}")
plt.show()

# %%
# An index of 1 means that clusters and digits agree, 0 that they have nothing in common.
