"""train: trains a model on data."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import keras
import tensorflow as tf

from kerasae.data import Data
from kerasae.models import Autoencoder
from kerasae.progress import work
from kerasae.training._callbacks import callbacks_of
from kerasae.training._checks import check_loss_range, check_numbers, unscaled
from kerasae.training._closed_form import solve
from kerasae.training._epochs import EpochProgress
from kerasae.training._history import History
from kerasae.training._optimizer import cosine_decay, make_optimizer
from kerasae.training._xla import gains_from_xla
from kerasae.training.best_weights import BestWeights
from kerasae.training.checkpoint import Checkpoint
from kerasae.training.distribution import is_first

_logger = logging.getLogger(__name__)

#: Number of training rows from which a loss learns the usual loss of each feature.
_EXPECTED_ROWS = 20_000


def train(
    model: Autoencoder,
    data: Data,
    *,
    epochs: int = 200,
    steps: int | None = None,
    solver: Literal["gradient", "closed_form"] = "gradient",
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    optimizer: str = "adam",
    weight_decay: float = 0.0,
    clip_norm: float | None = None,
    gradient_accumulation: int = 1,
    patience: int = 20,
    reduce_patience: int = 8,
    reduce_factor: float = 0.3,
    reduce_at: Sequence[int] = (),
    schedule: Literal["plateau", "cosine"] = "plateau",
    hold_out: bool = True,
    seed: int = 0,
    jit_compile: bool | Literal["auto"] = "auto",
    steps_per_execution: int | None = None,
    tensorboard: bool = False,
    checkpoint_seconds: float = 10.0,
    callbacks: Sequence[keras.callbacks.Callback | str] = (),
    folder: str | Path | None = None,
    resume: bool = False,
) -> History:
    """Train a model on the training split, and give it the weights of the best epoch.

    The best epoch has the lowest validation loss. All penalties have their final weights in the validation,
    and its noise has a fixed seed.

    Args:
        model: Built autoencoder. It is compiled here, for the `tf.distribute` strategy in whose scope it was
            built.
        data: Data with the preprocessor whose `x` the model takes.
        epochs: Largest number of epochs. Defaults to 200.
        steps: Number of steps of the whole training, in place of `epochs`. They are divided into about fifty
            epochs of whole passes over the rows, rounded up, so that a small data set does not have epochs
            of a step or two. Defaults to `None`.
        solver: How the weights are found. `"gradient"` descends the gradient of the loss. `"closed_form"`
            computes the weights of a linear model whose expected loss is least, in one pass over the rows and
            without randomness: the network `dense` with depth 0, a squared error or the likelihood of
            readings, and additive noise or none. All other settings but `hold_out` and `callbacks` are
            ignored then. Defaults to `"gradient"`.
        batch_size: Number of examples per step, on all devices together; all rows if there are fewer.
            Defaults to 128.
        learning_rate: Learning rate at the start. Defaults to 0.001.
        optimizer: Name of an optimizer in `keras.optimizers`. Defaults to `"adam"`.
        weight_decay: Decoupled weight decay. Defaults to 0.
        clip_norm: Largest global norm of the gradient. Defaults to `None`, no limit.
        gradient_accumulation: Number of steps whose gradients are averaged for one update. Defaults to 1.
        patience: Number of epochs without improvement after which the training ends. Defaults to 20.
        reduce_patience: Number of epochs without improvement after which the learning rate is reduced; 0
            never reduces it. Defaults to 8.
        reduce_factor: Factor by which the learning rate is multiplied, in (0, 1). Defaults to 0.3.
        reduce_at: Epochs, counted from 1, after which the learning rate is always reduced. Defaults to `()`.
        schedule: Schedule of the learning rate. `"plateau"` reduces it when the validation loss does not
            improve. `"cosine"` lowers it from the start to 0 over all epochs, and `patience` is ignored.
            Defaults to `"plateau"`.
        hold_out: Whether the validation split is held out to choose the best epoch. If False, the model is
            trained on it too for exactly `epochs`, and `patience` and `reduce_patience` do not apply. Use
            this to repeat an earlier training with its `epochs` and `reduce_at`. Applications then use
            `data.joined()`, as a run does, because rows of the training can neither choose nor calibrate
            anything. Defaults to True.
        seed: Seed of the order of the examples. Defaults to 0.
        jit_compile: Whether XLA compiles the step. Defaults to `"auto"`, which decides by `gains_from_xla`.
        steps_per_execution: Number of steps in one call of the compiled function; it divides an epoch.
            Defaults to `None`: an epoch, in equal calls of at most 256 steps.
        tensorboard: Whether to write the log of TensorBoard into `folder`, which it needs. Defaults to False.
        checkpoint_seconds: Shortest time between two checkpoints in `folder`, in seconds. A training can be
            resumed from a checkpoint. Defaults to 10.
        callbacks: Additional callbacks of Keras, or import paths as in `callbacks_of`, of which each training
            makes its own. A checkpoint holds no state of a callback. Defaults to `()`.
        folder: Folder for checkpoints and logs. The last checkpoint stays in `folder / "checkpoint"`; the
            caller removes it after storing the model. Defaults to `None`, nothing is written.
        resume: Whether to continue from the checkpoint in `folder`, which it needs. `learning_rate` and
            `clip_norm` may differ from the previous ones. Defaults to False.

    Returns:
        The history of the training.

    Raises:
        ValueError: If a number is out of range, a `folder` is missing, the data are outside the range of the
            loss, the checkpoint is damaged, the model has no closed form, or an import path of a callback
            leads nowhere.
        FloatingPointError: If the loss became NaN or infinite.
        MemoryError: If TensorFlow ran out of memory.
        OSError: If a checkpoint cannot be written. The previous one is kept.
    """
    check_numbers(locals())
    extra = callbacks_of(callbacks)
    writes = is_first(model.distribute_strategy)
    spread = model.distribute_strategy.num_replicas_in_sync > 1
    check_loss_range(model, data)
    if not hold_out:
        data = data.joined()
    if solver == "closed_form":
        history = solve(model, data, hold_out=hold_out, callbacks=extra)
        model.trained_with = {"solver": solver}
        model.learn_expected(data.drawn("train", _EXPECTED_ROWS).x("train"))
        return history
    checkpoint = None if folder is None else Checkpoint(Path(folder) / "checkpoint")
    if checkpoint is not None and writes and not resume:
        checkpoint.remove()
    cosine = schedule == "cosine"
    batches = max(len(data.train) // batch_size, 1)
    if steps_per_execution is not None and not spread:
        # A pass leaves out the batches that do not fill a call.
        batches -= batches % min(steps_per_execution, batches)
    passes = 1 if steps is None else max(1, round(steps / 50 / batches))
    if steps is not None:
        epochs = -(-steps // (passes * batches))
    stopper = BestWeights(
        epochs if cosine else patience,
        0 if cosine else reduce_patience,
        reduce_factor,
        checkpoint,
        checkpoint_seconds,
        reduce_at=reduce_at,
        choosing=hold_out,
        writes=writes,
    )
    if jit_compile == "auto":
        jit_compile = gains_from_xla(
            model, len(data.train) * passes, epochs=epochs, batch_size=min(batch_size, len(data.train))
        )
    # Scaled in the compiled step, images pass through memory in a quarter of the bytes.
    in_steps = bool(jit_compile) and data.prepared_in_steps and not spread
    dataset, per_pass, per_call = data.training_batches(
        batch_size,
        seed=seed,
        first_epoch=stopper.saved_epoch() * passes if resume else 0,
        steps_per_call=1 if spread else steps_per_execution,
        prepared=not in_steps,
    )
    per_epoch = per_pass * passes
    if passes > 1 and not spread and steps_per_execution is None and per_epoch <= 256:
        per_call = per_epoch
    # A validation has no gradients, which are two thirds of a step.
    jit_validation = gains_from_xla(model, len(data.validation) // 3, epochs=epochs)
    # Keras creates the optimizer for the strategy of the current scope.
    with model.distribute_strategy.scope():
        model.compile(
            make_optimizer(
                optimizer,
                cosine_decay(learning_rate, per_epoch * epochs) if cosine else learning_rate,
                weight_decay,
                clip_norm,
                gradient_accumulation,
            ),
            jit_compile=jit_compile and not spread,
            steps_per_execution=per_call,
        )
        # Variables that a step creates make TensorFlow trace the step twice.
        model.optimizer.build(model.trainable_variables)
        first = stopper.restore(model, None if cosine else learning_rate) if resume else 0
        if stopper.ended:
            first = epochs
    if folder is not None and tensorboard and writes:
        extra.append(keras.callbacks.TensorBoard(Path(folder) / "tensorboard"))
    start = time.perf_counter()
    try:
        with work("training", epochs, at_most=hold_out and not cosine, level=logging.DEBUG) as training:
            model.fit_calls(
                dataset,
                prepare=data.prepare if in_steps else None,
                jit_validation=jit_validation,
                steps_per_epoch=per_epoch,
                epochs=epochs,
                initial_epoch=first,
                validation_data=data.validation_batches(model.validation_rows) if hold_out else None,
                shuffle=False,  # the dataset shuffles; Keras warns otherwise
                callbacks=[stopper, EpochProgress(training), *extra],
                verbose=0,
            )
    except FloatingPointError as error:
        if reason := unscaled(data):
            raise FloatingPointError(f"{str(error).split(':')[0]}: {reason}") from None
        raise
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(
            f"Expected memory for batches of {batch_size} rows, received: "
            f"{str(error.message).splitlines()[0]:.200}; use a smaller --batch-size."
        ) from error
    seconds = time.perf_counter() - start
    stopper.finish()
    _logger.info(
        "trained for %d epochs in %.1f s; the best epoch is %d",
        len(stopper.earlier) + len(stopper.rows),
        seconds,
        stopper.best_epoch + 1,
    )
    # A training without a validation split, for exactly so long, repeats this one. It counts in passes over
    # the rows, of which an epoch of a training by steps has several.
    model.trained_with = {
        "epochs": epochs if cosine else (stopper.best_epoch + 1) * passes,
        "steps": steps if cosine else None,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "weight_decay": weight_decay,
        "clip_norm": clip_norm,
        "gradient_accumulation": gradient_accumulation,
        "reduce_factor": reduce_factor,
        "reduce_at": [epoch * passes for epoch in stopper.reductions],
        "schedule": schedule,
        "seed": seed,
        "jit_compile": jit_compile,
    }
    model.learn_expected(data.drawn("train", _EXPECTED_ROWS).x("train"))
    rows = [*stopper.earlier, *stopper.rows]
    return History(rows, seconds, stopper.best_epoch + 1, tuple(stopper.reductions))
