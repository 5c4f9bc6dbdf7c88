"""Searches over code size, depth and node counts with KerasTuner; empty so far."""
