"""Generation: new examples, interpolation, traversals, attributes and augmented data."""

from kerasae.applications.generation.estimator import Generation

__all__ = ["Generation"]
