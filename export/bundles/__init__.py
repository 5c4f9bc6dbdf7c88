"""The bundle: how it is written, published, described and verified."""
