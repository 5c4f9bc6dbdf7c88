"""Codes and back on raw arrays, and forms of a model without kerasae."""
