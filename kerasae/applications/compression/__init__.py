"""Compression: codes in few bits, as a file, and back."""

from kerasae.applications.compression.estimator import Compression

__all__ = ["Compression"]
