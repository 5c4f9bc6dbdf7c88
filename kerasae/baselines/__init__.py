"""Codecs to compare autoencoders with: PCA and its like, in closed form or by memory."""

from kerasae.baselines._text_points import TextPoints
from kerasae.baselines.nearest_text import NearestText
from kerasae.baselines.pca import PCA
from kerasae.baselines.table_pca import TablePCA
from kerasae.baselines.text_svd import TextSVD

__all__ = ["PCA", "NearestText", "TablePCA", "TextPoints", "TextSVD"]
