"""Photos: square crops of images of any size, and the same images whole."""

from kerasae.data.photos._whole import WholePhotos as WholePhotos
from kerasae.data.photos.source import photos

__all__ = ["photos"]
