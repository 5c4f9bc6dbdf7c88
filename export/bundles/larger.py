"""larger_than_float32: the files that save no memory, because the model is small."""

from collections.abc import Sequence
from typing import Any


def larger_than_float32(artifacts: Sequence[dict[str, Any]]) -> list[str]:
    """Return a sentence for each format with files that are larger than that in float32.

    A file in int8 holds ranges and more operations. For a model with few weights they weigh more than the
    weights in float32.

    Args:
        artifacts: Artifacts of a manifest.
    """
    sentences = []
    for whole in artifacts:
        if whole["precision"] != "float32":
            continue
        larger = [
            f"`{one['path']}` ({one['facts']['bytes']:,} bytes)"
            for one in artifacts
            if (one["format"], one["version"]) == (whole["format"], whole["version"])
            and one["facts"]["bytes"] > whole["facts"]["bytes"]
        ]
        if larger:
            *others, last = larger
            listed = f"{', '.join(others)} and {last} are" if others else f"{last} is"
            sentences.append(
                f"{listed} larger than `{whole['path']}` ({whole['facts']['bytes']:,} bytes): ranges and "
                "more operations weigh more than the few weights of this model."
            )
    return sentences
