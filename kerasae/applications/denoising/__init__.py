"""Denoising: clean examples from noisy ones."""

from kerasae.applications.denoising.estimator import Denoising

__all__ = ["Denoising"]
