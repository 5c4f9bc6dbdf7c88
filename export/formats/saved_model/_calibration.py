"""set_variables: numbers of a detector in a SavedModel, in place of those that it has."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from kerasae.export.endpoints import written_by_tensorflow
from kerasae.export.formats.saved_model._server_model import plainly_named
from tensorflow.core.protobuf import trackable_object_graph_pb2

_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def set_variables(folder: Path, numbers: Mapping[str, np.ndarray]) -> None:
    """Give variables of a SavedModel other values. Its graphs do not change.

    All values are read from the checkpoint of the SavedModel and written again under the same keys.

    Args:
        folder: Folder of a version, which is changed.
        numbers: New values by the last part of the name of a variable.

    Raises:
        ValueError: If the SavedModel lacks a variable.
        OSError: If the checkpoint cannot be written.
    """
    with plainly_named(folder) as plain:
        prefix = str(plain / "variables" / "variables")
        reader = tf.train.load_checkpoint(prefix)
        types = reader.get_variable_to_dtype_map()
        values = {key: tf.constant(reader.get_tensor(key), types[key]) for key in sorted(types)}
    keys = _keys(values[_GRAPH].numpy())
    for name, new in numbers.items():
        if len(keys.get(name, ())) != 1:
            raise ValueError(
                f"Expected a SavedModel with a variable named '{name}' in {folder}, received one without; "
                "export the run again."
            )
        key = keys[name][0]
        values[key] = tf.constant(np.asarray(new, "float32").reshape(values[key].shape))
    with written_by_tensorflow(folder):
        tf.raw_ops.SaveV2(
            prefix=str(folder / "variables" / "variables"),
            tensor_names=[*values],
            shape_and_slices=[""] * len(values),
            tensors=[*values.values()],
        )


def _keys(graph: bytes) -> dict[str, list[str]]:
    """Return the keys of variables in a checkpoint by the last part of their names."""
    keys: dict[str, list[str]] = {}
    for node in trackable_object_graph_pb2.TrackableObjectGraph.FromString(graph).nodes:
        for attribute in node.attributes:
            keys.setdefault(attribute.full_name.rpartition("/")[2], []).append(attribute.checkpoint_key)
    return keys
