"""
Clusters in the code, and on its manifold
=========================================

Groups that are long or bent in the code are torn apart by k-means. On the manifold, a UMAP embedding of the
code, they are compact.
"""

# %%
# The labels of the digits are not used by the training, nor by the clustering. They only judge the clusters.
import matplotlib.pyplot as plt
from sklearn.metrics import adjusted_rand_score

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
# Both pictures have the same places, those of the test digits on the manifold. Colours are the clusters, and
# the glyphs are the true labels.
places = bent.codec_.transform(images)
figure, axes = plt.subplots(1, 2, figsize=(10, 5.2), layout="constrained")
for axis, (name, clusters) in zip(axes, found.items(), strict=True):
    for (x, y), cluster, label in zip(places, clusters, labels, strict=True):
        axis.text(x, y, label, color=f"C{cluster}", fontsize=9, ha="center", va="center")
    low, high = places.min(axis=0) - 1, places.max(axis=0) + 1
    axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[])
    axis.set_xlabel("first dimension of the manifold")
    axis.set_title(f"{name}\nadjusted Rand index {adjusted_rand_score(labels, clusters):.2f}")
    axis.set_box_aspect(1)
axes[0].set_ylabel("second dimension of the manifold")
plt.show()
