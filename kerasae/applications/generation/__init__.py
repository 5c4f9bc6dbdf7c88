"""Generation: new examples, the ways between two, and what each number of a code does."""

from kerasae.applications.generation.estimator import Generation

__all__ = ["Generation"]
