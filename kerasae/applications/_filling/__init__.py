"""Gaps and the predictions of a model for them; shared by imputation, uncertainty and generation."""
