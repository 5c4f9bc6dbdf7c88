"""
How steep is a contractive encoder?
===================================

The contractive family penalises the squared norm of the encoder's Jacobian: how much the code moves when a
pixel changes. This figure measures the norm on test digits for four weights of the penalty.
"""

# %%
# The Jacobian of one image is a matrix of 8 code numbers times 64 pixels. TensorFlow computes it from
# ``model.encode``, which takes scaled images, ``x``.
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

import kerasae

data = kerasae.Recipe.of().load()
x = tf.constant(data.x("test"))
weights = [1e-5, 1e-4, 1e-3, 1e-2]
norms, errors = [], []
for weight in weights:
    recipe = kerasae.Recipe.of(
        "contractive", latent_dim=8, model={"weight": weight}, network={"widths": [128]}
    )
    model = recipe.build(data)
    kerasae.train(model, data, epochs=40, learning_rate=5e-3)
    with tf.GradientTape() as tape:
        tape.watch(x)
        codes = model.encode(x)
    jacobians = tape.batch_jacobian(codes, x).numpy().reshape(len(x), 8, 64)
    norms.append(np.linalg.norm(jacobians, axis=(1, 2)))
    errors.append(kerasae.evaluate(model, data)["error"])

# %%
# The violins show the distribution over the 359 test images.
figure, axis = plt.subplots(figsize=(8, 4.5), layout="constrained")
parts = axis.violinplot(norms, positions=range(4), showmedians=True, widths=0.8)
for body in parts["bodies"]:
    body.set(facecolor="C0", alpha=0.5)
for place, (values, error) in enumerate(zip(norms, errors, strict=True)):
    axis.text(place, values.max() * 1.04, f"test error {error:.4f}", ha="center", va="bottom", fontsize=10)
axis.set(xticks=range(4), xticklabels=["0.00001", "0.0001\n(default)", "0.001", "0.01"])
axis.set(
    xlabel="weight of the penalty",
    ylabel="Frobenius norm of the Jacobian\n(code units per grey level in [0, 1])",
)
axis.set_ylim(0, 1.15 * max(values.max() for values in norms))
axis.set_title("A heavier penalty makes the encoder flatter, and the error larger")
plt.show()

# %%
# The kernels of the decoder have a spectral norm of at most 1: a small code and a steep decoder would escape
# the penalty. Without a penalty (``weight=0``) there is no such bound. The norm then says nothing, because
# the unit of the code is arbitrary.
