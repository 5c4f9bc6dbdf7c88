"""Epochs of a variational autoencoder on MNIST, by one contender.

    python -m benchmarks.speed._epochs CONTENDER IMAGES HIDDEN CODE BATCH EPOCHS

The network is 784-HIDDEN-CODE and its mirror; Adam, Bernoulli likelihood, float32, 60,000 images. The last
line on the standard output is a JSON object: the median seconds of an epoch without the first, the seconds of
the first, and the loss of the last.
"""

import json
import os
import statistics
import sys
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

#: Seconds of each epoch, and the last loss.
Epochs = tuple[list[float], float]


def images(path: str) -> np.ndarray:
    """Return the images as rows of uint8."""
    from pathlib import Path

    from kerasae.data.arrays import read_array_file

    (rows,) = read_array_file(Path(path)).values()
    return rows.reshape(len(rows), -1)


def kerasae(path: str, hidden: int, code: int, batch: int, epochs: int) -> Epochs:
    """`kerasae.train`, with a validation of five rows, since the others have none."""
    from kerasae import Recipe, train

    recipe = Recipe.of(
        "variational",
        source=path,
        latent_dim=code,
        data={"test": 0.0001, "validation": 0.0001, "calibration": 0.0},
        network={"name": "dense", "widths": [hidden]},
        loss={"name": "bernoulli"},
    )
    data, watch = recipe.load(), clock()
    history = train(recipe.build(data), data, epochs=epochs, batch_size=batch, callbacks=[watch])
    return watch.seconds, float(history.epochs[-1]["loss"])


def keras_plain(path: str, hidden: int, code: int, batch: int, epochs: int) -> Epochs:
    """What the Keras documentation shows: float32 NumPy arrays in, one step a call."""
    return _keras(path, hidden, code, batch, epochs, jit_compile=False, steps_per_execution=1)


def keras_xla(path: str, hidden: int, code: int, batch: int, epochs: int) -> Epochs:
    """The same with XLA and 16 steps a call."""
    return _keras(path, hidden, code, batch, epochs, jit_compile=True, steps_per_execution=16)


def _keras(path: str, hidden: int, code: int, batch: int, epochs: int, **compiled: Any) -> Epochs:
    x = images(path).astype("float32") / 255
    model = keras_model(hidden, code, **compiled)
    watch = clock()
    model.fit(x, x, batch_size=batch, epochs=epochs, verbose=0, callbacks=[watch])
    return watch.seconds, float(model.history.history["loss"][-1])


def keras_model(hidden: int, code: int, **compiled: Any) -> Any:
    """Return the network as a model of plain Keras, compiled with further arguments."""
    import keras
    from keras import ops

    class VAE(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = keras.layers.Dense(hidden, "relu")
            self.mean = keras.layers.Dense(code)
            self.log_var = keras.layers.Dense(code)
            self.back = keras.layers.Dense(hidden, "relu")
            self.out = keras.layers.Dense(784)
            self.noise = keras.random.SeedGenerator(0)

        def call(self, x: Any) -> Any:
            h = self.hidden(x)
            mean, log_var = self.mean(h), self.log_var(h)
            kl = 0.5 * ops.sum(mean**2 + ops.exp(log_var) - 1 - log_var, axis=-1)
            self.add_loss(ops.mean(kl))
            z = mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.noise)
            return self.out(self.back(z))

    def nll(x: Any, logits: Any) -> Any:
        return ops.sum(ops.relu(logits) - x * logits + ops.log1p(ops.exp(-ops.abs(logits))), axis=-1)

    model = VAE()
    model.compile(keras.optimizers.Adam(1e-3), loss=nll, **compiled)
    return model


def torch(path: str, hidden: int, code: int, batch: int, epochs: int) -> Epochs:
    """A hand-written loop of PyTorch over a tensor in memory."""
    import torch as pytorch
    from torch import nn
    from torch.nn import functional

    pytorch.manual_seed(0)
    x = pytorch.from_numpy(images(path)).float() / 255

    class VAE(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.Linear(784, hidden)
            self.mean = nn.Linear(hidden, code)
            self.log_var = nn.Linear(hidden, code)
            self.back = nn.Linear(code, hidden)
            self.out = nn.Linear(hidden, 784)

        def forward(self, x: Any) -> Any:
            h = functional.relu(self.hidden(x))
            mean, log_var = self.mean(h), self.log_var(h)
            z = mean + pytorch.exp(0.5 * log_var) * pytorch.randn_like(mean)
            return self.out(functional.relu(self.back(z))), mean, log_var

    model = VAE()
    optimizer = pytorch.optim.Adam(model.parameters(), 1e-3)
    seconds, total = [], 0.0
    for _ in range(epochs):
        began, total = time.perf_counter(), 0.0
        order = pytorch.randperm(len(x))
        for start in range(0, len(x) - batch + 1, batch):
            rows = x[order[start : start + batch]]
            logits, mean, log_var = model(rows)
            nll = functional.binary_cross_entropy_with_logits(logits, rows, reduction="sum")
            kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum()
            loss = (nll + kl) / len(rows)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item()
        seconds.append(time.perf_counter() - began)
    return seconds, total / (len(x) // batch)


def pythae(path: str, hidden: int, code: int, batch: int, epochs: int) -> Epochs:
    """Pythae's trainer and variational model, with the same networks; files are not counted."""
    import logging
    import tempfile

    import torch as pytorch
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from torch import nn

    logging.disable(logging.CRITICAL)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.Sequential(nn.Linear(784, hidden), nn.ReLU())
            self.mean, self.log_var = nn.Linear(hidden, code), nn.Linear(hidden, code)

        def forward(self, x: Any) -> Any:
            h = self.hidden(x.reshape(len(x), -1))
            return ModelOutput(embedding=self.mean(h), log_covariance=self.log_var(h))

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(
                nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, 784), nn.Sigmoid()
            )

        def forward(self, z: Any) -> Any:
            return ModelOutput(reconstruction=self.layers(z).reshape(-1, 784))

    config = VAEConfig(input_dim=(784,), latent_dim=code, reconstruction_loss="bce")
    model = VAE(config, Encoder(), Decoder())
    rows = pytorch.from_numpy(images(path)).float() / 255
    with tempfile.TemporaryDirectory() as folder:
        settings = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=epochs,
            per_device_train_batch_size=batch,
            learning_rate=1e-3,
            no_cuda=True,
        )
        from pythae.data.datasets import BaseDataset

        trainer = BaseTrainer(model, BaseDataset(rows, pytorch.ones(len(rows))), training_config=settings)
        trainer.prepare_training()
        seconds, loss = [], 0.0
        for epoch in range(1, epochs + 1):
            began = time.perf_counter()
            loss = trainer.train_step(epoch)
            seconds.append(time.perf_counter() - began)
    return seconds, float(loss)


def floor(path: str, hidden: int, code: int, batch: int, epochs: int) -> Epochs:
    """The matrix products of the epochs alone, in TensorFlow, on matrices that are there already."""
    import tensorflow as tf

    rng = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> Any:
        return tf.constant(rng.standard_normal((rows, columns)), tf.float32)

    sizes = [(784, hidden), (hidden, code), (hidden, code), (code, hidden), (hidden, 784)]
    layers = [(matrix(batch, a), matrix(a, b), matrix(batch, b)) for a, b in sizes]
    count = 60_000 // batch

    @tf.function(autograph=False)
    def step() -> Any:
        made = []
        for number, (x, kernel, slope) in enumerate(layers):
            made += [tf.reduce_sum(tf.matmul(x, kernel)[:1, :1])]
            made += [tf.reduce_sum(tf.matmul(x, slope, transpose_a=True)[:1, :1])]
            if number:
                made += [tf.reduce_sum(tf.matmul(slope, kernel, transpose_b=True)[:1, :1])]
        return tf.add_n(made)

    seconds = []
    for _ in range(epochs):
        began = time.perf_counter()
        for _ in range(count):
            value = step()
        value.numpy()
        seconds.append(time.perf_counter() - began)
    return seconds, 0.0


def clock() -> Any:
    """Return a callback of Keras that keeps the seconds of each epoch."""
    import keras

    class Clock(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.seconds: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seconds.append(time.perf_counter() - self.began)

    return Clock()


CONTENDERS = {
    "kerasae": kerasae,
    "keras": keras_plain,
    "keras-xla": keras_xla,
    "torch": torch,
    "pythae": pythae,
    "floor": floor,
}


def main(name: str, path: str, *numbers: str) -> None:
    """Run a contender, and print its figures."""
    seconds, loss = CONTENDERS[name](path, *map(int, numbers))
    print(json.dumps({"epoch": statistics.median(seconds[1:]), "first": seconds[0], "loss": loss}))


if __name__ == "__main__":
    main(*sys.argv[1:])
