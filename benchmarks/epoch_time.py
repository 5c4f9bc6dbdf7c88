"""Seconds per epoch of a variational autoencoder on MNIST: kerasae, plain Keras, plain PyTorch.

    python benchmarks/epoch_time.py path/to/train-images-idx3-ubyte.gz

784-512-16, batch 256, Adam, Bernoulli likelihood, float32, 60,000 images. The three take turns in
one run, each in a process of its own, and the ratios of their medians are printed: a single time on
a shared machine means little. Needs `pip install torch==2.13.0` beside kerasae.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

LATENT, HIDDEN, BATCH = 16, 512, 256


def images(path):
    from kerasae import load_data

    return load_data(path, test=0.0001, validation=0.0001, calibration=0.0)


def kerasae_epochs(path, epochs):
    """The library as `kerasae train` runs it, its validation left out as in the others."""
    import keras

    from kerasae import Recipe
    from kerasae.training import gains_from_xla

    recipe = Recipe.of(
        "variational",
        source=path,
        latent_dim=LATENT,
        data={"test": 0.0001, "validation": 0.0001, "calibration": 0.0},
        network={"widths": [HIDDEN]},
        loss={"name": "bernoulli"},
    )
    data = recipe.load()
    model = recipe.build(data)
    dataset, steps, per_call = data.training_batches(BATCH, seed=0, steps_per_call=None)
    model.compile(
        keras.optimizers.Adam(1e-3),
        jit_compile=gains_from_xla(model, len(data.train)),
        steps_per_execution=per_call,
    )
    times = Times()
    model.fit(
        dataset, steps_per_epoch=steps, epochs=epochs, verbose=0, shuffle=False, callbacks=[times.callback()]
    )
    return times.seconds, float(model.history.history["loss"][-1])


def keras_epochs(path, epochs):
    """What the Keras documentation shows: float32 NumPy arrays in, one step a call."""
    import keras
    from keras import ops

    class VAE(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = keras.layers.Dense(HIDDEN, "relu")
            self.mean = keras.layers.Dense(LATENT)
            self.log_var = keras.layers.Dense(LATENT)
            self.back = keras.layers.Dense(HIDDEN, "relu")
            self.out = keras.layers.Dense(784)
            self.noise = keras.random.SeedGenerator(0)

        def call(self, x):
            h = self.hidden(x)
            mean, log_var = self.mean(h), self.log_var(h)
            kl = 0.5 * ops.sum(mean**2 + ops.exp(log_var) - 1 - log_var, axis=-1)
            self.add_loss(ops.mean(kl))
            z = mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.noise)
            return self.out(self.back(z))

    def nll(x, logits):
        return ops.sum(ops.relu(logits) - x * logits + ops.log1p(ops.exp(-ops.abs(logits))), axis=-1)

    x = images(path).train.examples.reshape(-1, 784).astype("float32") / 255
    model = VAE()
    model.compile(keras.optimizers.Adam(1e-3), loss=nll, jit_compile=False)
    times = Times()
    model.fit(x, x, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[times.callback()])
    return times.seconds, float(model.history.history["loss"][-1])


def torch_epochs(path, epochs):
    """A hand-written loop over a tensor in memory."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(0)
    x = torch.from_numpy(images(path).train.examples.reshape(-1, 784)).float() / 255

    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(784, HIDDEN)
            self.mean = nn.Linear(HIDDEN, LATENT)
            self.log_var = nn.Linear(HIDDEN, LATENT)
            self.back = nn.Linear(LATENT, HIDDEN)
            self.out = nn.Linear(HIDDEN, 784)

        def forward(self, x):
            h = functional.relu(self.hidden(x))
            mean, log_var = self.mean(h), self.log_var(h)
            z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
            return self.out(functional.relu(self.back(z))), mean, log_var

    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    seconds = []
    for _ in range(epochs):
        began, total = time.perf_counter(), 0.0
        order = torch.randperm(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            batch = x[order[start : start + BATCH]]
            logits, mean, log_var = model(batch)
            nll = functional.binary_cross_entropy_with_logits(logits, batch, reduction="sum")
            kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum()
            loss = (nll + kl) / len(batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item()
        seconds.append(time.perf_counter() - began)
    return seconds, total / (len(x) // BATCH)


class Times:
    """Seconds of each epoch, from a Keras callback."""

    def __init__(self):
        self.seconds = []

    def callback(self):
        import keras

        seconds = self.seconds

        class Clock(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                self.began = time.perf_counter()

            def on_epoch_end(self, epoch, logs=None):
                seconds.append(time.perf_counter() - self.began)

        return Clock()


CONTENDERS = {"kerasae": kerasae_epochs, "keras": keras_epochs, "torch": torch_epochs}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images")
    parser.add_argument("--epochs", type=int, default=5, help="of each turn; the first is not counted")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", choices=CONTENDERS)
    arguments = parser.parse_args()
    if arguments.only:
        seconds, loss = CONTENDERS[arguments.only](arguments.images, arguments.epochs)
        print(json.dumps({"seconds": seconds, "loss": loss}))
        return
    found = {name: [] for name in CONTENDERS}
    first = {}
    for turn in range(arguments.turns):
        for name in CONTENDERS:
            command = [
                sys.executable,
                __file__,
                arguments.images,
                "--only",
                name,
                "--epochs",
                str(arguments.epochs),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            result = json.loads(done.stdout.strip().splitlines()[-1])
            found[name] += result["seconds"][1:]
            first.setdefault(name, result["seconds"][0])
            print(f"turn {turn + 1} {name:8} {result['seconds']} loss {result['loss']:.2f}", flush=True)
    medians = {name: statistics.median(values) for name, values in found.items()}
    print("\n              median s   min s   first epoch s   kerasae / this")
    for name, value in medians.items():
        ratio = medians["kerasae"] / value
        print(f"{name:12} {value:8.2f} {min(found[name]):8.2f} {first[name]:12.2f} {ratio:16.2f}")


if __name__ == "__main__":
    main()
