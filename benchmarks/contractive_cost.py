"""What the contractive family's error on digits is the price of: its penalty, or the bound on its decoder.

    python benchmarks/contractive_cost.py

trains the default recipe of the family with and without each of the two, over three seeds, and prints the
test error of each: the weight of the penalty at its default or near 0, and the decoder's kernels held to a
spectral norm of 1, as the family holds them, or free. With a free decoder a penalty can be escaped by a small
code; the norm of the Jacobian, which is printed beside, is then no measure of anything.
"""

import argparse
import os
import statistics

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from kerasae import Recipe, evaluate, train
from kerasae.constraints import SpectralNorm


def freed(model):
    """A built model without the bound on its decoder."""
    for variable in model.decoder.trainable_variables:
        if isinstance(variable.constraint, SpectralNorm):
            variable.constraint = None
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=200)
    options = parser.parse_args()
    default = Recipe.of("contractive").build(Recipe.of("contractive").load()).weight
    print(f"{'':34}{'test error':>20}")
    for name, weight, bound in (
        ("neither", 1e-12, False),
        ("penalty alone", default, False),
        ("bound alone", 1e-12, True),
        ("both, the default", default, True),
    ):
        errors = []
        for seed in range(options.seeds):
            train_options = {"epochs": options.epochs, "seed": seed}
            recipe = Recipe.of("contractive", model={"weight": weight}, train=train_options)
            data = recipe.load()
            model = recipe.build(data)
            train(model if bound else freed(model), data, **recipe.train)
            errors.append(evaluate(model, data)["error"])
        spread = statistics.stdev(errors) if len(errors) > 1 else 0.0
        print(f"{name:34}{statistics.fmean(errors):>12.5f} ± {spread:.5f}", flush=True)


if __name__ == "__main__":
    main()
