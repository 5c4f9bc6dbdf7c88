"""Scoring with a file for devices: rows in, decisions out, one by one, without TensorFlow."""

from kerasae.export.scoring._answers import answered
from kerasae.export.scoring._artifact import find_file, first_precision
from kerasae.export.scoring._batches import UnreadableError
from kerasae.export.scoring._photographs import Photographs
from kerasae.export.scoring._sources import block_of, examples
from kerasae.export.scoring.scorer import Scorer
from kerasae.export.scoring.streams import Stream

__all__ = [
    "Photographs",
    "Scorer",
    "Stream",
    "UnreadableError",
    "answered",
    "block_of",
    "examples",
    "find_file",
    "first_precision",
]
