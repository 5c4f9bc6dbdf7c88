"""Paths between two codes, and their evenness in output space."""

import numpy as np


def linear_path(a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """Return `(1 - t) a + t b` for `t` from 0 to 1: codes, `(steps, latent_dim)`."""
    t = np.linspace(0.0, 1.0, steps)[:, None]
    return np.asarray((1.0 - t) * a + t * b, "float32")


def spherical_path(a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """`(sin((1 - t) w) a + sin(t w) b) / sin(w)`, `w` the angle between the two seen from 0.

    Where there is no one arc, between codes in the same or in opposite directions, it is the linear path.

    Reference: Shoemake 1985, SIGGRAPH; White 2016, arXiv:1609.04468.
    """
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    angle = np.arccos(np.clip(np.dot(a, b) / norms, -1.0, 1.0)) if norms > 0 else 0.0
    if np.sin(angle) < 1e-6:
        return linear_path(a, b, steps)
    t = np.linspace(0.0, 1.0, steps)[:, None]
    path = np.sin((1.0 - t) * angle) * a + np.sin(t * angle) * b
    return np.asarray(path / np.sin(angle), "float32")


PATHS = {"linear": linear_path, "spherical": spherical_path}


def unevenness(points: np.ndarray) -> float | None:
    """Return the longest step of a path over the mean step: 1 for an even one; `None` if nothing moves.

    Args:
        points: Points along the path, `(steps, features)`.
    """
    lengths = np.linalg.norm(np.diff(np.asarray(points, "float64"), axis=0), axis=1)
    return float(lengths.max() / lengths.mean()) if lengths.sum() > 0 else None
