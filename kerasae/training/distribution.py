"""strategy: trains one model on many devices, of one host or several."""

import json
import os
from typing import Any

import tensorflow as tf

from kerasae.keras_classes import Strategy

STRATEGIES = ("mirrored", "multi-worker")
MANY_HOSTS: Any = tf.distribute.MultiWorkerMirroredStrategy


def strategy(name: str) -> Strategy:
    """Return a `tf.distribute` strategy. A model that is built in its scope is trained on many devices.

    Every batch is divided among the devices, and the gradients are summed. The result is the model that a
    single device would have trained, except for noise, which each device draws for itself.

    Args:
        name: Name of the strategy. `mirrored` uses all GPUs of this host, or all its logical CPUs if there
            are none. `multi-worker` uses all devices of the hosts in the environment variable `TF_CONFIG`;
            each host runs the same program. Create the latter before TensorFlow runs any operation.

    Raises:
        ValueError: If the name is unknown, or `TF_CONFIG` is missing or contains no workers.
    """
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    if name != "multi-worker":
        raise ValueError(f"`strategy` must be one of {', '.join(STRATEGIES)}, received {name!r}.")
    cluster()
    return MANY_HOSTS()


def cluster() -> tuple[int, int]:
    """Return the number of this host in `TF_CONFIG`, counted from 0, and the number of hosts.

    Raises:
        ValueError: If the variable is missing or contains no workers.
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


def is_first(strategy: Strategy | None) -> bool:
    """Return whether this process writes the files of a training; only the first of several hosts does."""
    return not isinstance(strategy, MANY_HOSTS) or cluster()[0] == 0
