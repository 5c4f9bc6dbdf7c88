"""Gaps and what a model says of them; shared by imputation, uncertainty and generation."""
