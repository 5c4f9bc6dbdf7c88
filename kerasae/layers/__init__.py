"""Layers that autoencoders are made of."""

from kerasae.layers._noise import NoiseLayer
from kerasae.layers.sampling import Sampling
from kerasae.layers.shared_scale import SharedScale
from kerasae.layers.top_k import TopK
from kerasae.layers.transposed_dense import TransposedDense

__all__ = ["NoiseLayer", "Sampling", "SharedScale", "TopK", "TransposedDense"]
