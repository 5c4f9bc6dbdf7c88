"""Scoring with a file for devices: rows in, decisions out, one by one, without TensorFlow."""

from kerasae.export.scoring._artifact import find_file
from kerasae.export.scoring._sources import UnreadableError, examples
from kerasae.export.scoring.scorer import Scorer

__all__ = ["Scorer", "UnreadableError", "examples", "find_file"]
