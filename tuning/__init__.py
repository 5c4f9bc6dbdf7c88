"""Searches over code size, depth and node counts with KerasTuner."""

from kerasae.tuning.hypermodel import AutoencoderHyperModel
from kerasae.tuning.spaces import Space, code_sizes

__all__ = ["AutoencoderHyperModel", "Space", "code_sizes"]
