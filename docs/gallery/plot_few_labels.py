"""
Few labels: pre-training against training from scratch
=======================================================

An encoder that was trained without labels needs fewer labels afterwards.
"""

# %%
# The autoencoder is trained on all training images, without labels.
import matplotlib.pyplot as plt
import numpy as np

import kerasae
from kerasae.applications import Pretraining

recipe = kerasae.Recipe.of("denoising", latent_dim=16, model={"level": 0.3}, network={"widths": [256, 64]})
data = recipe.load()
model = recipe.build(data)
kerasae.train(model, data, epochs=60, learning_rate=3e-3)

# %%
# The comparison: a model of the same recipe with new weights, trained with the same labels and steps. The
# labels of the 144 validation images choose the best step in both cases.
counts, draws = [10, 40, 200], 2
images, labels = data.test.examples, data.test.labels
settings = {"steps": 200, "batch_size": 32, "patience": 6}
accuracy = {"pre-trained": [], "from scratch": []}
for count in counts:
    for name in accuracy:
        scores = []
        for seed in range(draws):
            codec = model if name == "pre-trained" else recipe.override({"train.seed": seed}).build(data)
            mode = "staged" if name == "pre-trained" else "fine-tuned"
            classifier = Pretraining(codec, mode=mode, labels=count, seed=seed, **settings).fit(data)
            scores.append(classifier.score(images, labels))
        accuracy[name].append(scores)
    print(count, {name: np.round(values[-1], 3) for name, values in accuracy.items()})

# %%
# Points are single draws of the labels, lines their mean.
figure, axis = plt.subplots(figsize=(7, 4.4), layout="constrained")
for (name, values), style, colour in zip(accuracy.items(), ["o-", "s--"], ["C0", "C5"], strict=True):
    axis.plot(counts, np.mean(values, axis=1), style, color=colour, label=name)
    axis.plot(np.repeat(counts, draws), np.ravel(values), ".", color=colour, markersize=5, alpha=0.7)
axis.set(xscale="log", xlabel="number of labelled training images", ylabel="accuracy on test images")
axis.set_xticks(counts, [f"{count:,}" for count in counts])
axis.minorticks_off()
axis.yaxis.set_major_formatter("{x:.0%}")
axis.legend()
plt.show()
