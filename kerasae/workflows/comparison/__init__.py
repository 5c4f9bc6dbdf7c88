"""Codecs side by side: families that are trained for it, or finished runs, each beside PCA."""
