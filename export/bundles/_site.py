"""scores_of: the scores of fresh rows, by each artifact itself."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
from kerasae.export.feeds import feed_of
from kerasae.export.file_formats import FACTS_FORMAT
from kerasae.export.scoring import UnreadableError, block_of, examples
from kerasae.export.verify_edge import check_files

from kerasae import registry
from kerasae.backend import quiet
from kerasae.files import read_json, unnumbered
from kerasae.progress import work
from kerasae.spec import Spec


def spec_of(root: Path) -> Spec:
    """Return the spec of the examples of a bundle.

    Raises:
        FileNotFoundError: If the bundle has no facts.
    """
    return Spec.from_dict(_facts(root)["spec"])


def scores_of(
    root: Path, entries: list[dict[str, Any]], source: str | Path
) -> tuple[dict[str, np.ndarray], int]:
    """Return the scores of rows by the path of each artifact, `(rows,)`, and how many rows are one block.

    The windows of a log follow each other step by step, so a block is as long as a window. Whole windows of
    an array count as independent.

    Args:
        root: Folder of the bundle.
        entries: Entries of artifacts with a detector.
        source: Rows, as `kerasae score` reads them.

    Raises:
        FileNotFoundError: If the bundle has no facts.
        ValueError: If an artifact was changed, or a row cannot be read.
    """
    facts = _facts(root)
    spec = Spec.from_dict(facts["spec"])
    feed = feed_of(spec, facts["feed"])
    opened = []
    for entry in entries:
        if faults := check_files(root, entry["files"]):
            raise ValueError(f"Expected a bundle in {root} as it was written: {faults[0]}.")
        member: Any = registry.resolve("export", entry["format"])
        opened.append((entry, member, member.open(root / entry["path"])))
    scores: dict[str, list[np.ndarray]] = {entry["path"]: [] for entry in entries}
    count = 0
    with work("scoring", level=logging.DEBUG) as scoring:
        for batch in examples(source, spec, feed, crops=facts.get("crops", False)):
            if isinstance(batch, UnreadableError):
                raise batch
            for entry, member, artifact in opened:
                sent = member.sent(feed, batch[1], entry["facts"])
                sent |= not_given(entry["signatures"]["detect"]["inputs"], len(batch[0]), sent)
                with quiet(show_failure=False):
                    scores[entry["path"]].append(artifact.run("detect", sent)["score"])
            count += len(batch[0])
            scoring.reached(count, f"{count:,} rows")
    block = block_of(source, spec, feed)
    return {path: np.concatenate([np.empty(0, "float32"), *parts]) for path, parts in scores.items()}, block


def not_given(inputs: dict[str, Any], rows: int, sent: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return NaN for the inputs of a signature that are not sent, such as another threshold."""
    missing = {name: one for name, one in inputs.items() if name not in sent}
    return {name: np.full((rows, *one["shape"][1:]), np.nan, one["dtype"]) for name, one in missing.items()}


def _facts(root: Path) -> dict[str, Any]:
    for path in sorted(root.glob("*/facts.json")):
        facts: dict[str, Any] = unnumbered(read_json(path), FACTS_FORMAT, path)
        return facts
    raise FileNotFoundError(
        f"Expected the facts of the model in {root}, found no facts.json; export the run again, with files "
        "for devices (--format tflite)."
    )
