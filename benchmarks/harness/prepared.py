"""Data sets that TensorFlow Datasets has prepared, for results on data that few machines hold."""

from typing import Any

from benchmarks.harness.result import UnavailableError


def prepared(name: str, **settings: Any) -> dict[str, Any]:
    """Return the section `data` of a recipe on a prepared data set; nothing is downloaded.

    Args:
        name: Name of the data set, as TFDS spells it.
        **settings: Further settings of the section.

    Raises:
        UnavailableError: If it is not prepared on this machine.
    """
    import tensorflow_datasets as tfds

    if not tfds.builder(name, try_gcs=False).is_prepared():
        raise UnavailableError(
            f"Expected {name} as TensorFlow Datasets prepares it, found none: run `tfds build {name}`."
        )
    return {"path": f"tfds:{name}", "validation": 0.1, "calibration": 0.0, **settings}
