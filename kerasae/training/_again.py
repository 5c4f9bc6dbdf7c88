"""retrained: another model that is trained as a model was."""

from kerasae.data import Data
from kerasae.models import Autoencoder
from kerasae.seeds import seeded
from kerasae.training._train import train


def retrained(
    model: Autoencoder, data: Data, *, seed: int = 0, into: Autoencoder | None = None
) -> Autoencoder:
    """Return a model of the same family, network and settings, trained in the same way on other rows.

    It begins with new weights, and has the preprocessor of the model as it was fitted.

    Args:
        model: Model that `kerasae.train` trained.
        data: Data whose training split, with the validation split if there is one, trains the new model.
        seed: Seed of the new weights. Defaults to 0.
        into: Result of an earlier call, which gets new weights in place of a new model. It keeps the graphs
            that it has traced; tracing may take longer than a training. Defaults to `None`.

    Raises:
        ValueError: If the training of the model is not known.
    """
    if model.trained_with is None:
        raise ValueError(
            "Expected a model that remembers its training, received one that kerasae.train has not trained, "
            "or that an earlier version stored; train it again."
        )
    with seeded(seed):
        again = type(model).from_config(model.get_config())
        again.build((None, *data.spec.shape))
        if into is not None:
            # Unlike the weights, the variables hold the states of the random generators.
            for old, new in zip(into.variables, again.variables, strict=True):
                old.assign(new)
            again = into
        again.compile()
    train(again, data, hold_out=False, **model.trained_with)
    # The graphs of a training are large, and a caller may train many models.
    again.compile()
    return again
