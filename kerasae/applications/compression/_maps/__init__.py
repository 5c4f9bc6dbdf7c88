"""Codes that are maps in a file: their places, their contexts, and the layers of the file."""
