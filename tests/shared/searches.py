"""Settings of a search of a few quick trials."""

from kerasae.tuning import (
    Settings,
    Space,
)

from kerasae import Recipe

QUICK = {"epochs": 2, "batch_size": 512}


def settings(trials=6, **more):
    space = Space(latent_dims=(2, 4), depths=(1, 2), widest=(8, 32))
    return Settings(Recipe.of(train=QUICK), more.pop("space", space), trials, **more)


COMMAND = ["tune", "digits", "--latent-dims", "2,4", "--depths", "1-1", "--epochs", "8", "--trials", "6"]
