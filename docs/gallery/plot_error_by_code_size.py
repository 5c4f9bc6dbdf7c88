"""
Error against code size
=======================

How much does a longer code help, and by how much does an autoencoder beat PCA at each size?
"""

# %%
# One model for each code size, with the same hidden layers, and PCA with as many components.
import matplotlib.pyplot as plt

import kerasae

sizes = [2, 4, 8, 16, 32]
data = kerasae.Recipe.of().load()

model_errors, pca_errors = [], []
for size in sizes:
    recipe = kerasae.Recipe.of("undercomplete", latent_dim=size, network={"widths": [256, 128]})
    model = recipe.build(data)
    kerasae.train(model, data, epochs=45, learning_rate=4e-3)
    model_errors.append(kerasae.evaluate(model, data)["error"])
    pca_errors.append(kerasae.evaluate(kerasae.PCA(size).fit(data), data)["error"])

# %%
# Both axes are logarithmic, so equal distances are equal ratios.
figure, axis = plt.subplots(figsize=(7, 4.5), layout="constrained")
axis.plot(sizes, pca_errors, "s--", color="C5", label="PCA")
axis.plot(sizes, model_errors, "o-", color="C0", label="undercomplete autoencoder")
for size, ours, theirs in zip(sizes, model_errors, pca_errors, strict=True):
    axis.annotate(
        f"{ours / theirs - 1:+.0%}",
        (size, ours),
        (0, -16),
        textcoords="offset points",
        ha="center",
        color="C0",
    )
axis.set(xscale="log", yscale="log", xticks=sizes, xticklabels=sizes)
axis.set(xlabel="numbers in the code", ylabel="test error (mean squared error per pixel)")
axis.set_yticks([0.005, 0.01, 0.02, 0.05], ["0.005", "0.01", "0.02", "0.05"])
axis.minorticks_off()
axis.set_ylim(min(model_errors + pca_errors) * 0.75)
axis.set_title("difference from PCA in per cent")
axis.legend()
plt.show()

# %%
# The percentages are the difference of the error from that of PCA. With few numbers a nonlinear code holds
# much more than a linear one. With many numbers PCA loses little, and a short training of a network may even
# be worse. ``kerasae tune`` draws this curve for your data and also searches the networks.
