"""Feeds: raw examples as the numbers of a device, without TensorFlow; a file for each form of examples.

The views of a device and `kerasae score` use the same feeds, so an artifact is proved on what is sent to it.
"""

from kerasae.export.feeds._feed import Feed, feed_of
from kerasae.export.feeds._moments import nanoseconds
from kerasae.export.feeds._reading import Reading, ReadingFeed, numbers

__all__ = ["Feed", "Reading", "ReadingFeed", "feed_of", "nanoseconds", "numbers"]
