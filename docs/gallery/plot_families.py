"""
Five families beside PCA
========================

Each row shows the same test digits, rebuilt from a code of eight numbers by another codec.
"""

# %%
# The source ``digits`` has 1,797 images of 8 × 8 pixels. A recipe names the family and the code size;
# everything else keeps its default. All codecs see the same training rows.
import matplotlib.pyplot as plt
import numpy as np

import kerasae

families = ["undercomplete", "sparse", "contractive", "denoising", "variational"]
data = kerasae.Recipe.of().load()

codecs = {"PCA": kerasae.PCA(8).fit(data)}
for family in families:
    model = kerasae.Recipe.of(family, latent_dim=8, network={"depth": 1}).build(data)
    kerasae.train(model, data, epochs=25, learning_rate=5e-3)
    codecs[family] = model

# %%
# ``evaluate`` measures a codec on the test split. Its ``error`` is the mean squared error per pixel, with
# grey levels in [0, 1].
errors = {name: kerasae.evaluate(codec, data)["error"] for name, codec in codecs.items()}
for name, error in errors.items():
    print(f"{name:>13}: {error:.4f}")

# %%
# Every codec has the same two methods: ``transform`` encodes raw images, and ``inverse_transform`` decodes
# the codes to raw images.
first = [np.flatnonzero(data.test.labels == digit)[0] for digit in range(10)]
originals = data.test.examples[first]
rows = {"original": originals}
for name, codec in codecs.items():
    rows[f"{name}\nerror {errors[name]:.4f}"] = codec.inverse_transform(codec.transform(originals))

figure, axes = plt.subplots(len(rows), len(originals), figsize=(9, 6.6), layout="constrained")
for line, (name, images) in zip(axes, rows.items(), strict=True):
    for axis, image in zip(line, images, strict=True):
        axis.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=16)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
plt.show()

# %%
# PCA blurs the strokes most. The sparse and the contractive family pay for their penalties with a larger
# error. The page of results has full trainings, three of each family.
