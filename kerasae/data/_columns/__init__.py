"""Columns: what they hold and how it is written, found from all of their entries, and read again."""
