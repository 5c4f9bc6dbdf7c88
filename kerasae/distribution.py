"""strategy: one model on many devices, of one host or several."""

import json
import os
from typing import Any

import tensorflow as tf

STRATEGIES = ("mirrored", "multi-worker")
MANY_HOSTS = tf.distribute.MultiWorkerMirroredStrategy


def strategy(name: str) -> tf.distribute.Strategy:
    """A `tf.distribute` strategy, in whose scope a model is built to be trained on many devices.

    Every batch is divided among the devices, and the gradients are added up: the model that comes out
    is the one that a single device would have trained, but for noise, which each device draws by
    itself.

    Args:
        name: `mirrored`, all GPUs of this host, or all its logical CPUs where there are none; or
            `multi-worker`, all devices of the hosts in the variable `TF_CONFIG`, on each of which the
            same program runs. The latter must be made before TensorFlow has run anything.

    Raises:
        ValueError: for another name, or a `TF_CONFIG` that is missing or names no workers.
    """
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    if name != "multi-worker":
        raise ValueError(f"`strategy` must be one of {', '.join(STRATEGIES)}, received {name!r}.")
    cluster()
    return MANY_HOSTS()


def cluster() -> tuple[int, int]:
    """The number of this host in `TF_CONFIG`, from 0, and how many there are.

    Raises:
        ValueError: if the variable is missing or names no workers.
    """
    text = os.environ.get("TF_CONFIG")
    try:
        config: Any = json.loads(text or "")
        count, task = len(config["cluster"]["worker"]), config["task"]
        if {*config["cluster"]} != {"worker"} or task["type"] != "worker":
            raise ValueError
        if not 0 <= int(task["index"]) < count:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            'Expected the variable TF_CONFIG as {"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": '
            f'"worker", "index": 0}}}}, another index on each host, received {text or "none"}.'
        ) from None
    return int(task["index"]), count


def is_first(strategy: tf.distribute.Strategy | None) -> bool:
    """Whether this process is the one that writes what all have trained."""
    return not isinstance(strategy, MANY_HOSTS) or cluster()[0] == 0
