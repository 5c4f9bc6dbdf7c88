"""Support: evidence that an entry lies outside of what the training rows hold."""

from kerasae.scores.support.support import SupportScore

__all__ = ["SupportScore"]
