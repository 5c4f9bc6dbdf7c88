"""Preprocessing of tables: columns as numbers and codes."""

from kerasae.preprocessing.table.preprocessing import TablePreprocessing

__all__ = ["TablePreprocessing"]
