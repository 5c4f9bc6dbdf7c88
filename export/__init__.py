"""Artifacts for servers and devices, one format per file; empty so far."""
