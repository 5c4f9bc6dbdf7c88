"""Compression: codes with few bits, written to a file and decoded again."""

from kerasae.applications.compression.estimator import Compression

__all__ = ["Compression"]
