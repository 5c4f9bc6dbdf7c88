"""Layers from which the autoencoders are built."""

from kerasae.layers._noise import NoiseLayer
from kerasae.layers.channel_scales import ChannelScales
from kerasae.layers.column_embedding import ColumnEmbedding
from kerasae.layers.column_scales import ColumnScales
from kerasae.layers.gap_marks import GapMarks
from kerasae.layers.lifetime_sparsity import LifetimeSparsity
from kerasae.layers.normal_scores import NormalScores
from kerasae.layers.padding_mask import PaddingMask, is_token
from kerasae.layers.periodic_features import PeriodicFeatures
from kerasae.layers.rounding import Rounding
from kerasae.layers.sampling import Sampling
from kerasae.layers.shared_scale import SharedScale
from kerasae.layers.token_embedding import TokenEmbedding
from kerasae.layers.top_k import TopK
from kerasae.layers.transposed_dense import TransposedDense

__all__ = [
    "ChannelScales",
    "ColumnEmbedding",
    "ColumnScales",
    "GapMarks",
    "LifetimeSparsity",
    "NoiseLayer",
    "NormalScores",
    "PaddingMask",
    "PeriodicFeatures",
    "Rounding",
    "Sampling",
    "SharedScale",
    "TokenEmbedding",
    "TopK",
    "TransposedDense",
    "is_token",
]
