"""
What the units of a sparse code draw
====================================

Four ways to make a code sparse: an L1 penalty, a KL penalty on the mean activation, the k largest units of an
example, and the examples on which a unit is largest (lifetime).
"""

# %%
# A decoder without hidden layers is one kernel: its row j is what unit j adds to the image. So these
# pictures are the weights themselves.
import matplotlib.pyplot as plt
import numpy as np

import kerasae

data = kerasae.Recipe.of().load()
ways = {
    "L1 penalty": {"penalty": "l1", "weight": 0.01, "code_activation": "relu"},
    "KL penalty, mean activation 0.05": {"penalty": "kl", "rho": 0.05},
    "top 6 of each example": {"k": 6, "code_activation": "relu"},
    "lifetime of 5 %": {"lifetime": 0.05},
}
kernels, facts = {}, {}
for name, model_settings in ways.items():
    recipe = kerasae.Recipe.of("sparse", latent_dim=48, network={"depth": 0}, model=model_settings)
    model = recipe.build(data)
    kerasae.train(model, data, epochs=80, learning_rate=3e-3)
    dense = [layer for layer in model.decoder.layers if hasattr(layer, "kernel")]
    kernels[name] = np.asarray(dense[-1].kernel)
    codes = model.transform(data.test.examples)
    facts[name] = (np.abs(codes) > 0.05).mean(), kerasae.evaluate(model, data)["error"]

# %%
# Units are sorted by how strongly they draw. Dark pixels are added, light ones are removed; each unit has its
# own scale.
figure, axes = plt.subplots(2, 2, figsize=(9, 7.4), layout="constrained")
for axis, (name, kernel) in zip(axes.flat, kernels.items(), strict=True):
    order = np.argsort(-np.linalg.norm(kernel, axis=1))
    features = kernel[order].reshape(-1, 8, 8)
    features = features / np.maximum(np.abs(features).max(axis=(1, 2), keepdims=True), 1e-6)
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1)), constant_values=0)
    axis.imshow(padded.reshape(6, 8, 10, 10).swapaxes(1, 2).reshape(60, 80), cmap="PuOr", vmin=-1, vmax=1)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    share, error = facts[name]
    axis.set_title(f"{name}\n{share:.0%} of the units active, error {error:.4f}", fontsize=11)
plt.show()
