"""How much of a held-out title comes back from a code of 64 numbers, beside TF-IDF.

    python benchmarks/text_codes.py shared/data/text/ag_news_test.csv

Trains the undercomplete text model on the titles of AG's news (Zhang, Zhao, LeCun 2015), 72 % of the
7,600, chooses the epoch on 8 % and reports on the other 20 %. Beside it stand the nearest training
title by TF-IDF, and TF-IDF with a truncated SVD of the same size, which has no order: for that the
share of words recalled is shown, whatever their place. The end of a title counts as a token,
padding does not, and a word that the vocabulary lacks counts as lost: "known" is the most that any
model of this vocabulary could reach. The last line decodes the codes of other titles: were the code
useless, the share would be the same.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import kerasae
from kerasae.baselines import fit_baselines
from kerasae.metrics import evaluate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", help="CSV without a header: class, title, text")
    parser.add_argument("--latent-dim", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--blocks", type=int, default=1)
    parser.add_argument("--resampled", type=float, default=0.7)
    parser.add_argument("--learning-rate", type=float, default=0.005)
    options = parser.parse_args()
    recipe = kerasae.Recipe.of(
        source=f"text:{options.file}",
        data={"column": "column_2", "labels": "column_1", "header": False, "calibration": 0.0},
        latent_dim=options.latent_dim,
        preprocessing={"name": "text", "resampled": options.resampled},
        network={"name": "text", "blocks": options.blocks},
    )
    data = recipe.load()
    model = recipe.build(data)
    history = kerasae.train(
        model,
        data,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        reduce_patience=4,
        patience=12,
    )
    found = {"undercomplete": evaluate(model, data)}
    for name, codec in fit_baselines(options.latent_dim, data).items():
        found[name] = evaluate(codec, data)
    x = data.x("test")
    print(
        f"{len(data.train)} titles to train on, {len(data.test)} to test on; "
        f"{len(data.spec.vocabulary)} tokens in the vocabulary; {len(history.epochs)} epochs in "
        f"{history.seconds:.0f} s, the best one {history.best_epoch}"
    )
    print(f"{'':16}{'tokens rebuilt':>16}{'words recalled':>16}{'titles rebuilt':>16}{'class probe':>14}")
    for name, row in found.items():
        keys = ("tokens_rebuilt", "words_recalled", "texts_rebuilt", "probe_accuracy")
        cells = ["–" if row[key] is None else f"{row[key]:.3f}" for key in keys]
        print(f"{name:16}{cells[0]:>16}{cells[1]:>16}{cells[2]:>16}{cells[3]:>14}")
    known = ((x > 1).sum() / (x > 0).sum(), (x > 2).sum() / ((x > 0) & (x != 2)).sum())
    print(f"{'known':16}{known[0]:>16.3f}{known[1]:>16.3f}{(x != 1).all(axis=1).mean():>16.3f}")
    print("\nshare of the tokens rebuilt, by words in the title")
    lengths = list(found["undercomplete"]["tokens_rebuilt_by_length"])
    print(f"{'words':16}" + "".join(f"{length:>7}" for length in lengths))
    counts = np.bincount((x > 0).sum(axis=1) - 1)
    print(f"{'titles':16}" + "".join(f"{counts[int(length)]:>7}" for length in lengths))
    for name in ("undercomplete", "tfidf-nearest"):
        shares = found[name]["tokens_rebuilt_by_length"]
        print(f"{name:16}" + "".join(f"{shares[length]:>7.2f}" for length in lengths))
    codes = model.transform(data.test.examples)
    other = np.asarray(model.decode(codes[np.random.default_rng(0).permutation(len(codes))]))
    there = x > 0
    print(
        f"\ntokens rebuilt from the codes of other titles: {((other == x) & (x > 1)).sum() / there.sum():.3f}"
    )


if __name__ == "__main__":
    main()
