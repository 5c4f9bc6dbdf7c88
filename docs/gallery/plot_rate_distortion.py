"""
Compression: rate against distortion
====================================

A code is rounded to steps and entropy-coded into a file. Coarser steps make the file smaller and the error
larger.
"""

# %%
# The same for an autoencoder and for PCA, with a code of eight numbers each, and for PCA with sixteen.
import matplotlib.pyplot as plt

import kerasae
from kerasae.applications import Compression

recipe = kerasae.Recipe.of("undercomplete", latent_dim=8, network={"widths": [256, 64]})
data = recipe.load()
model = recipe.build(data)
kerasae.train(model, data, epochs=120, learning_rate=3e-3)
codecs = {"autoencoder, 8 numbers": model}
codecs |= {f"PCA, {size} numbers": kerasae.PCA(size).fit(data) for size in (8, 16)}

# %%
# ``compress`` returns the bytes of a file, and ``decompress`` the images. Every byte of the file counts.
images = data.test.examples
truth = data.to_x(images)
curves, small = {}, {}
for name, codec in codecs.items():
    curves[name] = []
    for bits in range(1, 8):
        compression = Compression(codec, bits=bits).fit(data)
        file = compression.compress(images)
        back = compression.decompress(file)
        error = ((data.to_x(back) - truth) ** 2).mean()
        curves[name].append((8 * len(file) / len(images), error))
        if codec is model and bits in (2, 3, 5):
            small[bits] = back

# %%
# An image has 64 pixels of 17 grey levels, which are 262 bits without any coding.
figure = plt.figure(figsize=(10, 4.4), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1.2, 1])
axis = left.subplots()
for (name, curve), style, colour in zip(
    curves.items(), ["o-", "s--", "^:"], ["C0", "C5", "gray"], strict=True
):
    rates, errors = zip(*curve, strict=True)
    axis.plot(rates, errors, style, color=colour, label=name)
for bits, (rate, error) in enumerate(curves["autoencoder, 8 numbers"], start=1):
    axis.annotate(
        f"{bits}", (rate, error), (0, -14), textcoords="offset points", ha="center", fontsize=9, color="C0"
    )
axis.set(xlabel="rate (bits per image)", ylabel="distortion (mean squared error per pixel)", xlim=0, ylim=0)
axis.set_title("at the points: bits for the widest number of the code", fontsize=11)
axis.legend()

shown = {"original": images} | {f"{bits} bits": back for bits, back in small.items()}
axes = right.subplots(4, 6)
for line, (name, pictures) in zip(axes, shown.items(), strict=True):
    for cell, image in zip(line, pictures[20:], strict=False):
        cell.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=16)
        cell.set(xticks=[], yticks=[])
        cell.spines[:].set_visible(False)
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

# %%
# In the middle of the range the autoencoder has the smallest error. With many bits PCA of sixteen numbers is
# as good. Without ``bits`` the application takes the coarsest steps that raise the error on held-out rows by
# at most a twentieth. The model is needed to decode; its size is not part of the rate.
