"""Entries: the cells of files and frames as stamps, readings and marks."""
