"""Benchmarks of images."""
