"""Streams: readings of a sensor log as they come, each answered by the score of the window that it ends."""

from kerasae.export.scoring.streams._whole import whole_windows
from kerasae.export.scoring.streams.stream import Stream

__all__ = ["Stream", "whole_windows"]
