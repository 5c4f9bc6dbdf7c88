"""Regular: the rows of recordings on a regular grid of time."""
