"""Denoising: noisy examples in, clean ones out."""

from kerasae.applications.denoising.estimator import Denoising

__all__ = ["Denoising"]
